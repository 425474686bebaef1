package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/web/ui"
)

// aboutShown is how many characters of a product's description a list shows.
const aboutShown = 180

type productListView struct {
	ui.Page
	Head     ui.Head
	Products []productCard
	Empty    *ui.Empty
	Pager    ui.Pager
	Domains  bool // names are sold
}

type productCard struct {
	Name, About, Href string
	Price             string // "from €49 a year"
}

func (s *shop) productList(w http.ResponseWriter, r *http.Request) error {
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	found, next, err := s.Catalog.Products(r.Context(), catalog.Filter{Status: catalog.Active, Cursor: ui.Cursor(r.URL), Limit: page.Longest})
	if err != nil {
		return err
	}
	v := productListView{Page: s.page(w, r, "", "products"), Pager: ui.Paged(r.URL, next, "Previous leads back to the beginning")}
	v.Head = ui.Head{Title: v.Store.Name, Sub: "Choose a product to see its plans and prices."}
	for _, p := range found {
		shelf, err := s.shelf(r.Context(), p)
		if err != nil {
			return err
		}
		if price, ok := shelf.cheapest(shelf.currency("", now.Currency)); ok {
			v.Products = append(v.Products, productCard{p.Name, ui.Clip(p.Description, aboutShown), "/products/" + p.Slug, fromPrice(shelf, price)})
		}
	}
	if v.Domains, err = s.sellsDomains(r.Context()); err != nil {
		return err
	}
	if len(v.Products) == 0 && next == "" && v.Domains {
		v.Head.Sub = "Find a name, and make it yours."
	} else if len(v.Products) == 0 && next == "" {
		v.Head.Sub = ""
		v.Empty = &ui.Empty{
			Art: "box", Title: "Nothing is on sale yet", Text: "What you have bought before is in your account: licenses, invoices and downloads.",
			Action: &ui.Button{Label: "To your account", Href: "/account", Kind: ui.Primary, Icon: "user"},
		}
	}
	return s.pages.Render(w, http.StatusOK, "product_list", v)
}

// fromPrice is what the cheapest way to have a product costs; "from" where there are others.
func fromPrice(s shelf, price catalog.Price) string {
	n := 0
	for _, o := range s.offers {
		n += len(o.in(price.Money.Currency))
	}
	if n > 1 {
		return "from " + priced(price)
	}
	return priced(price)
}
