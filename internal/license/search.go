package license

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/text"
)

// searchStages finds what a query names: each stage is one thing that it may be the beginning of, and leaves out what
// the stages before it have found.
func searchStages(ctx context.Context, tx *db.Tx, f Filter) ([]stage, error) {
	if st, ok := byWholeID(tx, f); ok {
		return []stage{st}, nil
	}
	var stages []stage
	rest := left(tx, f)
	add := func(st stage, found cond) {
		st.rest = slices.Clone(rest)
		stages = append(stages, st)
		rest = append(rest, where("NOT ("+found.sql+")", found.args...))
	}
	for i, form := range keyForms(f.Query) {
		add(byKey(fmt.Sprintf("key%d", i), form))
	}
	for i, form := range identifierForms(f.Query) {
		add(byPlace(fmt.Sprintf("place%d", i), form))
	}
	fold := text.Fold(f.Query)
	add(byCustomer("email", fold, "email_fold"))
	add(byCustomer("name", fold, "name_fold", "id"))
	add(byCustomer("company", fold, "company_fold", "id"))
	products, err := productsLike(ctx, tx, fold)
	if err != nil {
		return nil, fmt.Errorf("search products: %w", err)
	}
	for _, id := range products {
		of := where("l.product_id = ?", id)
		narrowed := f
		add(stage{name: id, keys: []column{colID}, desc: true, branches: perStatus(&narrowed, of)}, of)
	}
	return stages, nil
}

// byWholeID finds by an id of the store, if the query is one.
func byWholeID(tx *db.Tx, f Filter) (stage, bool) {
	prefix, _, found := strings.Cut(f.Query, "_")
	of := map[string]string{"lic": "l.id", "ord": "l.order_id", "cus": "l.customer_id"}[prefix]
	if !found || of == "" || !text.IsID(f.Query) {
		return stage{}, false
	}
	return stage{
		name: "id", keys: []column{colID}, desc: true, rest: left(tx, f),
		branches: []branch{{from: "licenses l", where: []cond{where(of+" = ?", f.Query)}}},
	}, true
}

// keyForms are the ways in which a key may have been typed. Programs must get its case right, people need not.
func keyForms(q string) []string {
	forms := []string{q}
	for _, form := range []string{strings.ToUpper(q), foldKey(q)} {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

// identifierForms are the query as it is, for devices, and as a domain or a seat are stored.
func identifierForms(q string) []string {
	stored, err := normalizeDomain(q)
	if err != nil {
		stored = strings.ToLower(q)
	}
	if stored == q {
		return []string{q}
	}
	return []string{q, stored}
}

// prefixed is the condition that an expression begins with a prefix.
func prefixed(expr, prefix string) cond {
	low, high := text.PrefixRange(prefix)
	return where(expr+" >= ? AND "+expr+" < ?", low, high)
}

func byKey(name, form string) (stage, cond) {
	found := prefixed("l.key_lookup", form)
	st := stage{name: name, keys: []column{{expr: "l.key_lookup"}, colID}}
	st.branches = []branch{{from: "licenses l", where: []cond{found}}}
	return st, found
}

// byPlace finds by an active identifier. A license with several that match is found by the first of them.
func byPlace(name, form string) (stage, cond) {
	low, high := text.PrefixRange(form)
	st := stage{name: name, keys: []column{{expr: "a.identifier"}, {expr: "a.license_id"}}}
	st.branches = []branch{{from: "activations a", where: []cond{
		prefixed("a.identifier", form),
		where("(SELECT 1 FROM activations o WHERE o.license_id = a.license_id AND o.identifier >= ? AND o.identifier < a.identifier LIMIT 1) IS NULL", low),
	}}}
	return st, where("EXISTS (SELECT 1 FROM activations o WHERE o.license_id = l.id AND o.identifier >= ? AND o.identifier < ?)", low, high)
}

// byCustomer finds by a column of the customer, in the order of the index that begins with it.
func byCustomer(name, prefix, by string, then ...string) (stage, cond) {
	st := stage{name: name, joined: true}
	for _, c := range append([]string{by}, then...) {
		st.keys = append(st.keys, column{expr: "c." + c})
	}
	st.keys = append(st.keys, colID)
	// SQLite takes the tables of a CROSS JOIN in the order in which they stand.
	st.branches = []branch{{
		from:  "customers c CROSS JOIN licenses l",
		where: []cond{where("l.customer_id = c.id"), prefixed("c."+by, prefix)},
	}}
	low, high := text.PrefixRange(prefix)
	return st, where("EXISTS (SELECT 1 FROM customers o WHERE o.id = l.customer_id AND o."+by+" >= ? AND o."+by+" < ?)", low, high)
}

// productsLike are the products whose slug or name begins with a prefix. There are few products.
func productsLike(ctx context.Context, tx *db.Tx, prefix string) (ids []string, err error) {
	rows, err := tx.SQL().QueryContext(ctx, "SELECT id, slug, name FROM products ORDER BY slug")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, slug, name string
		if err := rows.Scan(&id, &slug, &name); err != nil {
			return nil, err
		}
		if strings.HasPrefix(text.Fold(slug), prefix) || strings.HasPrefix(text.Fold(name), prefix) {
			ids = append(ids, id)
		}
	}
	return ids, rows.Err()
}
