#!/bin/bash
# Fetches the schemas by which the tests judge EPP frames into a folder: test/epp/schemas.sh DIR
#
# They are those of RFC 5730 to 5733, 5910, 3915 and 8748. The XML registry of IANA keeps them; that of RFC 8748 is taken from
# the text of the RFC. They are not part of this repository, and nothing but the tests reads them:
# KEYSTEAD_EPP_SCHEMAS=DIR go test ./test/epp
set -euo pipefail
dir=${1:?a folder}
mkdir -p "$dir"
cd "$dir"

fetch() { curl --fail --silent --show-error --location --retry 3 "$1"; }

for name in eppcom-1.0 epp-1.0 contact-1.0 host-1.0 domain-1.0 secDNS-1.1 rgp-1.0; do
	fetch "https://www.iana.org/assignments/xml-registry/schema/$name.xsd" >"$name.xsd"
done
fetch https://www.rfc-editor.org/rfc/rfc8748.txt | awk '/<schema( |$)/,/<\/schema>/' >fee-1.0.xsd

{
	echo '<schema targetNamespace="urn:keystead:test:epp-all" xmlns="http://www.w3.org/2001/XMLSchema">'
	for name in eppcom-1.0 epp-1.0 contact-1.0 host-1.0 domain-1.0 secDNS-1.1 rgp-1.0 epp:fee-1.0; do
		echo "  <import namespace=\"urn:ietf:params:xml:ns:$name\" schemaLocation=\"${name#epp:}.xsd\"/>"
	done
	echo '</schema>'
} >all.xsd

# They fit together, and judge.
echo '<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><hello/></epp>' | xmllint --noout --nonet --schema all.xsd -
