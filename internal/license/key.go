package license

// foldKey is the form of a key that ignores case: ASCII letters in lower case. Others stay as they are, as the
// databases' lower() leaves them.
func foldKey(key string) string {
	for i := range len(key) {
		if c := key[i]; 'A' <= c && c <= 'Z' {
			b := []byte(key)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return key
}
