package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/keystead/keystead/internal/web/adminapi"
	"github.com/keystead/keystead/internal/web/licenseapi"
)

type licenseCommand struct {
	Issue      issueCommand      `cmd:"" help:"Give a license away and print its key."`
	Show       showCommand       `cmd:"" help:"Show a license."`
	Activate   activateCommand   `cmd:"" help:"Activate a license for an identifier, as installed software does."`
	Deactivate deactivateCommand `cmd:"" help:"Free the place of an identifier, as installed software does."`
	Validate   validateCommand   `cmd:"" help:"Ask whether a license is valid, as installed software does."`
}

type issueCommand struct {
	storeFlags
	Customer string `required:"" placeholder:"WHO" help:"E-mail address or id of the customer."`
	Price    string `placeholder:"ID" help:"Price whose plan is given."`
	Product  string `placeholder:"SLUG" help:"Product, together with --plan instead of --price."`
	Plan     string `placeholder:"NAME" help:"Plan of the product."`
	Quantity int64  `default:"1" placeholder:"N" help:"Multiplies the plan's activation limit."`
	Reason   string `required:"" placeholder:"TEXT" help:"Why it costs nothing, for the order and the history."`
}

// Help implements kong.HelpProvider.
func (issueCommand) Help() string {
	return `It places a complimentary order, so that the license has an order and an invoice over nothing like any other. Standard
output carries nothing but the key.

Examples:

	keystead license issue --data ./store --customer ada@example.com --product widget --plan Developer --reason "Beta tester"
	keystead license issue --data ./store --customer cus_01hx2b6yh4m3nq0r8s5t --price prc_01hx2b6yh4m3nq0r8s5t --reason Press`
}

// Validate implements kong's check of flags.
func (c *issueCommand) Validate() error {
	if (c.Price == "") == (c.Product == "" || c.Plan == "") {
		return errors.New("say what to issue: --price ID, or --product SLUG and --plan NAME")
	}
	return c.storeFlags.Validate()
}

// Run issues a license.
func (c *issueCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		customer, err := findCustomer(ctx, api, c.Customer)
		if err != nil {
			return err
		}
		price := c.Price
		if price == "" {
			if price, err = findPrice(ctx, api, c.Product, c.Plan); err != nil {
				return err
			}
		}
		var order adminapi.Order
		err = api.post(ctx, "/orders", adminapi.NewOrder{
			CustomerID: customer, Kind: "complimentary", Reason: c.Reason,
			Items: []adminapi.NewOrderItem{{PriceID: price, Quantity: &c.Quantity}},
		}, &order)
		if err != nil {
			return err
		}
		if len(order.LicenseIDs) == 0 {
			return fmt.Errorf("order %s is %s and issued no license: does the product require one?", order.ID, order.Status)
		}
		for _, id := range order.LicenseIDs {
			var l adminapi.License
			if err := api.get(ctx, adminPath("licenses", id), &l); err != nil {
				return err
			}
			s.say("Issued license %s with order %s.", l.ID, order.ID)
			if _, err := fmt.Fprintln(s.out, l.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

func findCustomer(ctx context.Context, api *client, who string) (id string, err error) {
	if !strings.Contains(who, "@") {
		return who, nil
	}
	err = each(ctx, api, "/customers?email="+url.QueryEscape(who), func(c adminapi.Customer) error {
		id = c.ID
		return nil
	})
	if err == nil && id == "" {
		err = fmt.Errorf("there is no customer with the e-mail address %s", who)
	}
	return id, err
}

// findPrice returns the price of a plan that is on sale. With several, the caller must say which.
func findPrice(ctx context.Context, api *client, slug, plan string) (id string, err error) {
	var product, planID string
	err = each(ctx, api, "/products", func(p adminapi.Product) error {
		if p.Slug == slug {
			product = p.ID
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if product == "" {
		return "", fmt.Errorf("there is no product %s", slug)
	}
	err = each(ctx, api, adminPath("products", product, "plans"), func(p adminapi.Plan) error {
		if strings.EqualFold(p.Name, plan) {
			planID = p.ID
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if planID == "" {
		return "", fmt.Errorf("product %s has no plan %s", slug, plan)
	}
	var onSale []string
	err = each(ctx, api, adminPath("plans", planID, "prices"), func(p adminapi.Price) error {
		if p.Status == "active" {
			onSale = append(onSale, p.ID)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case len(onSale) == 0:
		return "", fmt.Errorf("plan %s of %s has no price that is on sale", plan, slug)
	case len(onSale) > 1:
		return "", fmt.Errorf("plan %s of %s has several prices; choose one with --price: %s", plan, slug, strings.Join(onSale, ", "))
	}
	return onSale[0], nil
}

type showCommand struct {
	storeFlags
	JSON    bool   `name:"json" help:"Print it as the admin API does."`
	License string `arg:"" placeholder:"KEY" help:"Key or id."`
}

// Help implements kong.HelpProvider.
func (showCommand) Help() string {
	return `Examples:

	keystead license show --data ./store 0F3A9C21D4B87E65-1122334455667788
	keystead license show --data ./store --json lic_01hx2b6yh4m3nq0r8s5t`
}

// Run shows a license.
func (c *showCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		l, err := findLicense(ctx, api, c.License)
		if err != nil {
			return err
		}
		if c.JSON {
			e := json.NewEncoder(s.out)
			e.SetIndent("", "  ")
			return e.Encode(l)
		}
		return printLicense(s, l)
	})
}

// findLicense finds a license by its id or by its whole key.
func findLicense(ctx context.Context, api *client, which string) (found adminapi.License, err error) {
	if strings.HasPrefix(which, "lic_") {
		err = api.get(ctx, adminPath("licenses", which), &found)
		return found, err
	}
	err = each(ctx, api, "/licenses?q="+url.QueryEscape(which), func(l adminapi.License) error {
		if strings.EqualFold(l.Key, which) {
			found = l
		}
		return nil
	})
	if err == nil && found.ID == "" {
		err = fmt.Errorf("there is no license with the key %s", which)
	}
	return found, err
}

func printLicense(s *session, l adminapi.License) error {
	limit := "no limit"
	if l.ActivationLimit > 0 {
		limit = fmt.Sprintf("of %d", l.ActivationLimit)
	}
	t := newTable("Key", l.Key)
	t.row("Id", l.ID)
	t.row("Status", l.Status)
	for _, h := range l.Holds {
		t.row("Hold", h.Reason+" since "+when(&h.Since))
	}
	t.row("Customer", l.CustomerID)
	t.row("Product", l.ProductID)
	t.row("Plan", l.PlanID)
	t.row("Activations", fmt.Sprintf("%d, %s (%s)", l.ActivationsUsed, limit, l.ActivationType))
	t.row("Expires", ends(l.ExpiresAt))
	t.row("Checks", fmt.Sprintf("%d, the last %s", l.CheckCount, when(l.LastCheckAt)))
	t.row("Created", when(&l.CreatedAt))
	return t.print(s.out)
}

// place is a license and where it is used.
type place struct {
	Key        string `arg:"" placeholder:"KEY" help:"Key of the license."`
	Identifier string `arg:"" placeholder:"IDENTIFIER" help:"Domain, device, seat or instance."`
}

type activateCommand struct {
	storeFlags
	place
	Name string `placeholder:"TEXT" help:"Name of the place, for people."`
}

// Help implements kong.HelpProvider.
func (activateCommand) Help() string {
	return `Examples:

	keystead license activate --data ./store 0F3A9C21D4B87E65-1122334455667788 www.example.com`
}

// Run activates a license.
func (c *activateCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		return ask(ctx, s, api, "activate", map[string]string{"license_key": c.Key, "identifier": c.Identifier, "name": c.Name}, nil)
	})
}

type deactivateCommand struct {
	storeFlags
	place
}

// Help implements kong.HelpProvider.
func (deactivateCommand) Help() string {
	return `Examples:

	keystead license deactivate --data ./store 0F3A9C21D4B87E65-1122334455667788 www.example.com`
}

// Run deactivates a license.
func (c *deactivateCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		return ask(ctx, s, api, "deactivate", map[string]string{"license_key": c.Key, "identifier": c.Identifier}, nil)
	})
}

type validateCommand struct {
	storeFlags
	Key        string `arg:"" placeholder:"KEY" help:"Key of the license."`
	Identifier string `placeholder:"TEXT" help:"Where the software runs: asks whether it is activated there, too."`
}

// Help implements kong.HelpProvider.
func (validateCommand) Help() string {
	return `The exit status is 0 for a valid license and 1 for any other. The check is counted.

Examples:

	keystead license validate --data ./store 0F3A9C21D4B87E65-1122334455667788 --identifier example.com`
}

// Run validates a license.
func (c *validateCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		in := map[string]string{"license_key": c.Key}
		if c.Identifier != "" {
			in["identifier"] = c.Identifier
		}
		var answer struct {
			Valid     bool   `json:"valid"`
			Status    string `json:"status"`
			Activated bool   `json:"identifier_activated"`
		}
		if err := ask(ctx, s, api, "validate", in, &answer); err != nil {
			return err
		}
		switch {
		case !answer.Valid:
			return fmt.Errorf("the license is not valid: it is %s", answer.Status)
		case !answer.Activated:
			return fmt.Errorf("the license is valid, but not activated for %s", c.Identifier)
		}
		return nil
	})
}

// ask makes a call of the license API, prints what it answers, and reads it into answer unless that is nil.
func ask(ctx context.Context, s *session, api *client, verb string, in map[string]string, answer any) error {
	for name, value := range in {
		if value == "" {
			delete(in, name)
		}
	}
	var out struct {
		Data json.RawMessage `json:"data"`
	}
	if err := api.call(ctx, http.MethodPost, licenseapi.OwnMount+"licenses/"+verb, in, &out); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.out, string(out.Data)); err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(out.Data, answer)
}
