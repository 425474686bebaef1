package movein_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/movein"
)

func TestDomains(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
		domains := domainname.New(s.DB)
		m := movein.New(s.DB, nil, customers, nil)
		if _, err := customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}); err != nil {
			t.Fatal(err)
		}
		policy := domainname.Policy{
			Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, ExplicitRenew: true, DueMargin: 3,
		}
		if _, err := domains.CreatePolicy(ctx, policy); err != nil {
			t.Fatal(err)
		}
		year := s.Clock.Now().Year() + 1
		table := strings.ReplaceAll(`Domain;E-mail;Expiry Date;Next Due Date;Registration Period;Recurring Amount;Currency;DoNotRenew;Status;Registrar;Odd
BÜCHER.example;ada@example.com;YYYY-03-10;YYYY-03-01;2;24.00;EUR;1;Active;;x
new.example;eve@example.com;YYYY-03-10T10:00:00Z;;;12.00;;;Active;;
again.example;ADA@example.com;YYYY-03-10;;1;12;EUR;0;Active;;
again.example;ada@example.com;YYYY-03-10;;1;12;EUR;0;Active;;
gone.example;ada@example.com;YYYY-03-10;;1;12;EUR;0;Transferred Away;;
-bad.example;ada@example.com;YYYY-03-10;;1;12;EUR;0;Active;;
none.unknown;ada@example.com;YYYY-03-10;;1;12;EUR;0;Active;;
date.example;ada@example.com;0000-00-00;;1;12;EUR;0;Active;;
free.example;ada@example.com;YYYY-03-10;;1;;;;Active;;
who.example;ada@example.com;YYYY-03-10;;1;12;EUR;0;Active;enom;
what.example;;YYYY-03-10;soon;x;twelve;EUR;0;Active;;
`, "YYYY", fmt.Sprint(year))
		for _, dry := range []bool{true, false} {
			var problems []string
			sum, err := m.Domains(ctx, strings.NewReader(table), movein.Options{DryRun: dry}, func(p movein.Problem) error {
				problems = append(problems, fmt.Sprintf("%d %s %s", p.Line, p.Key, p.Field))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			want := movein.DomainSummary{Rows: 11, Imported: 3, Present: 1, LeftOut: 1, Failed: 6, Customers: 1, Unread: []string{"Odd"}}
			if diff := cmp.Diff(want, sum); diff != "" {
				t.Errorf("dry %v (-want +got):\n%s", dry, diff)
			}
			if diff := cmp.Diff([]string{
				"7 -bad.example Domain", "8 none.unknown Domain", "9 date.example Expiry Date", "10 free.example Recurring Amount", "11 who.example Registrar",
				"12 what.example Next Due Date", "12 what.example Registration Period", "12 what.example Recurring Amount",
			}, problems); diff != "" {
				t.Errorf("dry %v, problems (-want +got):\n%s", dry, diff)
			}
			rows, _, err := domains.List(ctx, domainname.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if dry {
				if len(rows) != 0 {
					t.Errorf("a dry run took %d over", len(rows))
				}
				continue
			}
			if len(rows) != 3 {
				t.Fatalf("%d domains", len(rows))
			}
			d := rows[2].Domain
			got := fmt.Sprintf("%s %s %s %d %s %v %s", d.Name, d.PaidThrough, d.NextDue, d.Term, d.Recurring, d.DoNotRenew, d.Expiry.Source)
			if want := fmt.Sprintf("xn--bcher-kva.example %d-03-10 %d-03-01 2 24.00 EUR true import", year, year); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		sum, err := m.Domains(ctx, strings.NewReader(table), movein.Options{}, func(movein.Problem) error { return nil })
		if err != nil || sum.Imported != 0 || sum.Present != 4 {
			t.Errorf("again: %+v, %v", sum, err)
		}
	})
}

// A domain that was registered for ten years is taken over with the longest renewal that has a price, as one that is registered
// here; what is wrong with a row is said once.
func TestDomainsTermsAndCurrencies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
		domains := domainname.New(s.DB)
		m := movein.New(s.DB, nil, customers, nil)
		policy := domainname.Policy{
			Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, ExplicitRenew: true, DueMargin: 3,
		}
		prices := domainname.Prices{
			{Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1200}, {Kind: domainname.ForRenewal, Years: 5, Currency: "EUR", Amount: 5500},
		}
		if _, _, err := domains.SetTLD(ctx, domainname.TLDInput{Extension: "example", Policy: &policy, Prices: prices}); err != nil {
			t.Fatal(err)
		}
		table := strings.ReplaceAll(`domain,email,expirydate,registrationperiod,recurringamount,currency
ten.example,ada@example.com,YYYY-03-10,10,95.00,EUR
free.example,ada@example.com,YYYY-03-10,10,0.00,EUR
none.example,ada@example.com,YYYY-03-10,10,95.00,USD
twelve.example,ada@example.com,YYYY-03-10,12,95.00,EUR
money.example,ada@example.com,YYYY-03-10,1,9.95,XXX
,ada@example.com,YYYY-03-10,1,9.95,EUR
`, "YYYY", fmt.Sprint(s.Clock.Now().Year()+1))
		var problems []string
		_, err := m.Domains(ctx, strings.NewReader(table), movein.Options{}, func(p movein.Problem) error {
			problems = append(problems, fmt.Sprintf("%d %s %s %s", p.Line, p.Key, p.Field, p.Message))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const term = "registrationperiod is not between 1 and 9, as no domain is renewed for 10 years or more: write the years of its renewals, or 10 for one that was registered for ten years: the price table must have a renewal of up to 9"
		if diff := cmp.Diff([]string{
			"4 none.example " + term, "5 twelve.example " + term, `6 money.example currency is "XXX", not a current ISO 4217 code such as EUR`, "7  domain is required: correct it in the table",
		}, problems); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		rows, _, err := domains.List(ctx, domainname.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, d := range rows {
			got = append(got, fmt.Sprintf("%s %d %s", d.Name, d.Term, d.Recurring))
		}
		if diff := cmp.Diff([]string{"free.example 5 0.00 EUR", "ten.example 5 55.00 EUR"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The column called "name" is the customer's beside one for the domain; whoever is taken up pays in the table's currency, and
// a row without an amount costs the list price in it.
func TestDomainsNameAndCurrency(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
		domains := domainname.New(s.DB)
		m := movein.New(s.DB, nil, customers, nil)
		policy := domainname.Policy{
			Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, ExplicitRenew: true, DueMargin: 3,
		}
		prices := domainname.Prices{
			{Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1200}, {Kind: domainname.ForRenewal, Years: 1, Currency: "USD", Amount: 1400},
		}
		if _, _, err := domains.SetTLD(ctx, domainname.TLDInput{Extension: "example", Policy: &policy, Prices: prices}); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{
			"domain,email,name,expiry,currency\ndollar.example,eve@example.com,Eve Adams,YYYY-03-10,USD\npound.example,eve@example.com,Eve Adams,YYYY-03-10,GBP\n",
			"name,email,full name,expiry\nplain.example,eve@example.com,Eve Adams,YYYY-03-10\n",
		} {
			var problems []string
			sum, err := m.Domains(ctx, strings.NewReader(strings.ReplaceAll(table, "YYYY", fmt.Sprint(s.Clock.Now().Year()+1))), movein.Options{}, func(p movein.Problem) error {
				problems = append(problems, p.Message)
				return nil
			})
			if err != nil || sum.Imported != 1 || sum.Unread != nil {
				t.Errorf("%+v, %v", sum, err)
			}
			for _, p := range problems {
				if !strings.Contains(p, "no 1-year renewal in GBP") {
					t.Error(p)
				}
			}
		}
		// A name of the customer that can't be one is not said of the domain's.
		mallory := "domain,email,name,expiry\nmallory.example,mallory@example.com,\"Mallory\r\nBcc: all@example.com\"," + fmt.Sprint(s.Clock.Now().Year()+1) + "-03-10\n"
		sum, err := m.Domains(ctx, strings.NewReader(mallory), movein.Options{}, func(p movein.Problem) error {
			if p.Field != "name" || p.Message != "contains control characters" {
				t.Errorf("the customer's name: %+v", p)
			}
			return nil
		})
		if err != nil || sum.Failed != 1 || sum.Imported != 0 {
			t.Errorf("%+v, %v", sum, err)
		}
		owner, err := customers.ByEmail(ctx, "eve@example.com")
		if err != nil || owner.Name != "Eve Adams" || owner.Currency != "USD" {
			t.Errorf("%+v, %v", owner, err)
		}
		rows, _, err := domains.List(ctx, domainname.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, d := range rows {
			got = append(got, fmt.Sprintf("%s %s", d.Name, d.Recurring))
		}
		if diff := cmp.Diff([]string{"dollar.example 14.00 USD", "plain.example 14.00 USD"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
