package registry

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/text"
)

// What a client may send.
const (
	maxRequest = 256 << 10
	maxNested  = 32
)

// receive reads a frame from a client.
func receive(in io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(in, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	if size < 5 || size > maxRequest {
		return nil, fmt.Errorf("frame of %d bytes", size)
	}
	document := make([]byte, size-4)
	_, err := io.ReadFull(in, document)
	return document, err
}

// framed puts the length before a document.
func framed(document []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(document)+4)), document...)
}

var errSyntax = errors.New("not an EPP document")

// read understands a request.
func read(document []byte) (*request, error) {
	if !utf8.Valid(document) {
		return nil, errSyntax
	}
	depth := 0
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errSyntax
		}
		switch token.(type) {
		case xml.Directive:
			return nil, errSyntax
		case xml.StartElement:
			if depth++; depth > maxNested {
				return nil, errSyntax
			}
		case xml.EndElement:
			depth--
		}
	}
	var q request
	if err := xml.Unmarshal(document, &q); err != nil {
		return nil, errSyntax
	}
	return &q, nil
}

// request is what a client says. Fields that are nil were not there.
type request struct {
	XMLName xml.Name  `xml:"urn:ietf:params:xml:ns:epp-1.0 epp"`
	Hello   *struct{} `xml:"urn:ietf:params:xml:ns:epp-1.0 hello"`
	Command *verbs    `xml:"urn:ietf:params:xml:ns:epp-1.0 command"`
}

type verbs struct {
	Login  *loginVerb `xml:"urn:ietf:params:xml:ns:epp-1.0 login"`
	Logout *struct{}  `xml:"urn:ietf:params:xml:ns:epp-1.0 logout"`
	Poll   *pollVerb  `xml:"urn:ietf:params:xml:ns:epp-1.0 poll"`
	Check  *struct {
		Domain  *namesBody `xml:"urn:ietf:params:xml:ns:domain-1.0 check"`
		Contact *idsBody   `xml:"urn:ietf:params:xml:ns:contact-1.0 check"`
		Host    *hostsBody `xml:"urn:ietf:params:xml:ns:host-1.0 check"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 check"`
	Info *struct {
		Domain  *infoBody `xml:"urn:ietf:params:xml:ns:domain-1.0 info"`
		Contact *idBody   `xml:"urn:ietf:params:xml:ns:contact-1.0 info"`
		Host    *hostBody `xml:"urn:ietf:params:xml:ns:host-1.0 info"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 info"`
	Create *struct {
		Domain  *createBody  `xml:"urn:ietf:params:xml:ns:domain-1.0 create"`
		Contact *contactBody `xml:"urn:ietf:params:xml:ns:contact-1.0 create"`
		Host    *hostBody    `xml:"urn:ietf:params:xml:ns:host-1.0 create"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 create"`
	Renew *struct {
		Domain *renewBody `xml:"urn:ietf:params:xml:ns:domain-1.0 renew"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 renew"`
	Delete *struct {
		Domain  *infoBody `xml:"urn:ietf:params:xml:ns:domain-1.0 delete"`
		Contact *idBody   `xml:"urn:ietf:params:xml:ns:contact-1.0 delete"`
		Host    *hostBody `xml:"urn:ietf:params:xml:ns:host-1.0 delete"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 delete"`
	Transfer *struct {
		Op     string        `xml:"op,attr"`
		Domain *transferBody `xml:"urn:ietf:params:xml:ns:domain-1.0 transfer"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 transfer"`
	Update *struct {
		Domain  *updateBody `xml:"urn:ietf:params:xml:ns:domain-1.0 update"`
		Contact *struct {
			ID     string       `xml:"urn:ietf:params:xml:ns:contact-1.0 id"`
			Change *contactBody `xml:"urn:ietf:params:xml:ns:contact-1.0 chg"`
		} `xml:"urn:ietf:params:xml:ns:contact-1.0 update"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 update"`
	Extension struct {
		RGP *struct {
			Restore struct {
				Op     string      `xml:"op,attr"`
				Report *reportBody `xml:"urn:ietf:params:xml:ns:rgp-1.0 report"`
			} `xml:"urn:ietf:params:xml:ns:rgp-1.0 restore"`
		} `xml:"urn:ietf:params:xml:ns:rgp-1.0 update"`
		FeeCheck *feeCheckBody `xml:"urn:ietf:params:xml:ns:epp:fee-1.0 check"`
		FeeRenew *feeBody      `xml:"urn:ietf:params:xml:ns:epp:fee-1.0 renew"`
		FeeNew   *feeBody      `xml:"urn:ietf:params:xml:ns:epp:fee-1.0 create"`
		FeeMove  *feeBody      `xml:"urn:ietf:params:xml:ns:epp:fee-1.0 transfer"`
		FeeBack  *feeBody      `xml:"urn:ietf:params:xml:ns:epp:fee-1.0 update"`
	} `xml:"urn:ietf:params:xml:ns:epp-1.0 extension"`
	ClTRID string `xml:"urn:ietf:params:xml:ns:epp-1.0 clTRID"`
}

type loginVerb struct {
	Client   string   `xml:"clID"`
	Password string   `xml:"pw"`
	New      string   `xml:"newPW"`
	Version  string   `xml:"options>version"`
	Objects  []string `xml:"svcs>objURI"`
}

type pollVerb struct {
	Op string `xml:"op,attr"`
	ID string `xml:"msgID,attr"`
}

type namesBody struct {
	Names []string `xml:"name"`
}

type idsBody struct {
	IDs []string `xml:"id"`
}

type hostsBody struct {
	Names []string `xml:"name"`
}

type idBody struct {
	ID string `xml:"id"`
}

type hostBody struct {
	Name      string   `xml:"name"`
	Addresses []string `xml:"addr"`
}

type infoBody struct {
	Name     string  `xml:"name"`
	AuthInfo *string `xml:"authInfo>pw"`
}

type periodBody struct {
	Unit  string `xml:"unit,attr"`
	Value string `xml:",chardata"`
}

type partsBody struct {
	Hosts      []string `xml:"ns>hostObj"`
	Attributes []string `xml:"ns>hostAttr>hostName"`
	Contacts   []struct {
		Role string `xml:"type,attr"`
		ID   string `xml:",chardata"`
	} `xml:"contact"`
	Statuses []struct {
		S string `xml:"s,attr"`
	} `xml:"status"`
}

func (p *partsBody) hosts() []string {
	all := append(append([]string{}, p.Hosts...), p.Attributes...)
	for i := range all {
		all[i] = text.Fold(all[i])
	}
	return all
}

func (p *partsBody) roles() []Role {
	var roles []Role
	for _, c := range p.Contacts {
		roles = append(roles, Role{Role: c.Role, ID: strings.TrimSpace(c.ID)})
	}
	return roles
}

type createBody struct {
	Name       string      `xml:"name"`
	Period     *periodBody `xml:"period"`
	Registrant string      `xml:"registrant"`
	AuthInfo   *string     `xml:"authInfo>pw"`
	partsBody
}

type renewBody struct {
	Name   string      `xml:"name"`
	Expiry string      `xml:"curExpDate"`
	Period *periodBody `xml:"period"`
}

type transferBody struct {
	Name     string      `xml:"name"`
	Period   *periodBody `xml:"period"`
	AuthInfo *string     `xml:"authInfo>pw"`
}

type updateBody struct {
	Name   string     `xml:"name"`
	Add    *partsBody `xml:"add"`
	Remove *partsBody `xml:"rem"`
	Change *struct {
		Registrant *string `xml:"registrant"`
		AuthInfo   *string `xml:"authInfo>pw"`
	} `xml:"chg"`
}

type contactBody struct {
	ID     string `xml:"id"`
	Postal *struct {
		Form    string   `xml:"type,attr"`
		Name    string   `xml:"name"`
		Company string   `xml:"org"`
		Street  []string `xml:"addr>street"`
		City    string   `xml:"addr>city"`
		Region  string   `xml:"addr>sp"`
		Code    string   `xml:"addr>pc"`
		Country string   `xml:"addr>cc"`
	} `xml:"postalInfo"`
	Phone    string  `xml:"voice"`
	Email    string  `xml:"email"`
	AuthInfo *string `xml:"authInfo>pw"`
}

type reportBody struct {
	Deleted    string   `xml:"delTime"`
	Restored   string   `xml:"resTime"`
	Reason     string   `xml:"resReason"`
	Statements []string `xml:"statement"`
}

type feeCheckBody struct {
	Currency string `xml:"currency"`
	Commands []struct {
		Name   string      `xml:"name,attr"`
		Period *periodBody `xml:"period"`
	} `xml:"command"`
}

type feeBody struct {
	Currency string   `xml:"currency"`
	Fees     []string `xml:"fee"`
}

// reply is what the registry answers.
type reply struct {
	code      int
	detail    string // why
	queue     string // msgQ
	data      string // inside of resData
	extension string // inside of extension
}

func refuse(code int, detail string) reply { return reply{code: code, detail: detail} }

// The codes of RFC 5730 that are used.
const (
	codeOK               = 1000
	codePending          = 1001
	codeNoMessages       = 1300
	codeMessage          = 1301
	codeBye              = 1500
	codeUnknownCommand   = 2000
	codeSyntax           = 2001
	codeUse              = 2002
	codeMissing          = 2003
	codeRange            = 2004
	codeValueSyntax      = 2005
	codeVersion          = 2100
	codeUnimplemented    = 2101
	codeNoService        = 2103
	codeMoney            = 2104
	codeNotEligible      = 2105
	codeNotTransferable  = 2106
	codeAuthentication   = 2200
	codeAuthorization    = 2201
	codeAuthInfo         = 2202
	codeTransferring     = 2300
	codeNotTransferring  = 2301
	codeExists           = 2302
	codeNotThere         = 2303
	codeStatusProhibits  = 2304
	codeAssociation      = 2305
	codePolicy           = 2306
	codeService          = 2307
	codeAuthenticationBy = 2501
)

var words = map[int]string{
	codeOK: "Command completed successfully", codePending: "Command completed successfully; action pending",
	codeNoMessages: "Command completed successfully; no messages", codeMessage: "Command completed successfully; ack to dequeue",
	codeBye: "Command completed successfully; ending session", codeUnknownCommand: "Unknown command", codeSyntax: "Command syntax error",
	codeUse: "Command use error", codeMissing: "Required parameter missing", codeRange: "Parameter value range error",
	codeValueSyntax: "Parameter value syntax error", codeUnimplemented: "Unimplemented command", codeNoService: "Unimplemented extension", codeMoney: "Billing failure",
	codeNotEligible: "Object is not eligible for renewal", codeNotTransferable: "Object is not eligible for transfer",
	codeAuthentication: "Authentication error", codeAuthorization: "Authorization error", codeAuthInfo: "Invalid authorization information",
	codeTransferring: "Object pending transfer", codeNotTransferring: "Object not pending transfer", codeExists: "Object exists",
	codeNotThere: "Object does not exist", codeStatusProhibits: "Object status prohibits operation",
	codeAssociation: "Object association prohibits operation", codePolicy: "Parameter value policy error",
	codeVersion: "Unimplemented protocol version", codeService: "Unimplemented object service",
	codeAuthenticationBy: "Authentication error; server closing connection",
}

const (
	head = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + "\n" + `<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">`
	tail = `</epp>`

	nsDomain  = "urn:ietf:params:xml:ns:domain-1.0"
	nsContact = "urn:ietf:params:xml:ns:contact-1.0"
	nsHost    = "urn:ietf:params:xml:ns:host-1.0"
	nsRGP     = "urn:ietf:params:xml:ns:rgp-1.0"
	nsFee     = "urn:ietf:params:xml:ns:epp:fee-1.0"
)

// document writes a reply out.
func (p reply) document(clTRID, svTRID string) []byte {
	message, known := words[p.code]
	if !known {
		message = "Command failed"
	}
	if p.detail != "" {
		message += " : " + p.detail
	}
	var b strings.Builder
	fmt.Fprintf(&b, `%s<response><result code="%d"><msg>%s</msg></result>%s`, head, p.code, escaped(message), p.queue)
	if p.data != "" {
		fmt.Fprintf(&b, `<resData>%s</resData>`, p.data)
	}
	if p.extension != "" {
		fmt.Fprintf(&b, `<extension>%s</extension>`, p.extension)
	}
	b.WriteString("<trID>" + filled("clTRID", clTRID) + tag("svTRID", svTRID) + "</trID></response>" + tail)
	return []byte(b.String())
}

// greeting is what the registry says first.
func (r *Registry) greeting() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	b.WriteString(head + "<greeting>" + tag("svID", "Keystead registry simulator") + tag("svDate", stamp(r.now())) +
		"<svcMenu><version>1.0</version><lang>en</lang>")
	objects := []string{nsDomain, nsContact}
	if r.keepsHosts() {
		objects = append(objects, nsHost)
	}
	for _, uri := range objects {
		b.WriteString(tag("objURI", uri))
	}
	b.WriteString("<svcExtension>" + tag("extURI", nsRGP) + tag("extURI", nsFee) + "</svcExtension></svcMenu>" +
		"<dcp><access><all/></access><statement><purpose><admin/><prov/></purpose><recipient><ours/></recipient>" +
		"<retention><none/></retention></statement></dcp></greeting>" + tail)
	return []byte(b.String())
}

// escaped is text as it may stand in an element or an attribute.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// tag is an element with text.
func tag(name, text string) string { return "<" + name + ">" + escaped(text) + "</" + name + ">" }

// filled is an element unless its text is empty.
func filled(name, text string) string {
	if text == "" {
		return ""
	}
	return tag(name, text)
}

// stamp is an instant as registries write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// stamped is an element with an instant, unless there is none.
func stamped(name string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return tag(name, stamp(t))
}

func renewedData(x *Extension, d *Domain) string {
	s := `<domain:renData xmlns:domain="` + nsDomain + `">` + tag("domain:name", d.Name)
	if !x.NoDate {
		s += stamped("domain:exDate", d.Expiry)
	}
	return s + `</domain:renData>`
}

func pendingData(name string, done bool, clTRID, svTRID string, at time.Time) string {
	result := "0"
	if done {
		result = "1"
	}
	return `<domain:panData xmlns:domain="` + nsDomain + `"><domain:name paResult="` + result + `">` + escaped(name) +
		`</domain:name><domain:paTRID>` + filled("clTRID", clTRID) + tag("svTRID", svTRID) + `</domain:paTRID>` +
		tag("domain:paDate", stamp(at)) + `</domain:panData>`
}

func transferData(d *Domain) string {
	t := d.Transfer
	return `<domain:trnData xmlns:domain="` + nsDomain + `">` + tag("domain:name", d.Name) + tag("domain:trStatus", t.Status) +
		tag("domain:reID", t.Requester) + tag("domain:reDate", stamp(t.Requested)) + tag("domain:acID", t.Actor) +
		tag("domain:acDate", stamp(t.ActBy)) + stamped("domain:exDate", d.Expiry) + `</domain:trnData>`
}

func domainData(d *Domain, hosts HostModel, own bool) string {
	var b strings.Builder
	b.WriteString(`<domain:infData xmlns:domain="` + nsDomain + `">` + tag("domain:name", d.Name) + tag("domain:roid", d.ROID))
	for _, s := range d.statuses() {
		b.WriteString(`<domain:status s="` + escaped(s) + `"/>`)
	}
	b.WriteString(filled("domain:registrant", d.Registrant))
	for _, c := range d.Contacts {
		b.WriteString(`<domain:contact type="` + escaped(c.Role) + `">` + escaped(c.ID) + `</domain:contact>`)
	}
	if len(d.Hosts) > 0 {
		b.WriteString("<domain:ns>")
		for _, h := range d.Hosts {
			if hosts == HostAttributes {
				b.WriteString("<domain:hostAttr>" + tag("domain:hostName", h) + "</domain:hostAttr>")
				continue
			}
			b.WriteString(tag("domain:hostObj", h))
		}
		b.WriteString("</domain:ns>")
	}
	b.WriteString(tag("domain:clID", d.Sponsor) + filled("domain:crID", d.Creator) + stamped("domain:crDate", d.Created) +
		filled("domain:upID", d.Updater) + stamped("domain:upDate", d.Updated) + stamped("domain:exDate", d.Expiry) +
		stamped("domain:trDate", d.Transferred))
	if own && d.AuthInfo != "" {
		b.WriteString("<domain:authInfo>" + tag("domain:pw", d.AuthInfo) + "</domain:authInfo>")
	}
	b.WriteString("</domain:infData>")
	return b.String()
}

func rgpData(periods []string) string {
	if len(periods) == 0 {
		return ""
	}
	s := `<rgp:infData xmlns:rgp="` + nsRGP + `">`
	for _, p := range periods {
		s += `<rgp:rgpStatus s="` + p + `"/>`
	}
	return s + `</rgp:infData>`
}
