-- name: InsertCustomer :exec
INSERT INTO customers (id, email, email_fold, name, name_fold, company, company_fold, country, state, address, tax_id,
    language, currency, time_zone, customer_group, created_at, updated_at)
VALUES (@id, @email, @email_fold, @name, @name_fold, @company, @company_fold, @country, @state, @address, @tax_id,
    @language, @currency, @time_zone, @customer_group, @created_at, @created_at);

-- Takes the row's lock and changes nothing. Whoever moves a customer's money holds it first, before any invoice.
-- name: LockCustomer :execrows
UPDATE customers SET version = version WHERE id = @id;

-- name: UpdateCustomer :exec
UPDATE customers SET email = @email, email_fold = @email_fold, name = @name, name_fold = @name_fold,
    company = @company, company_fold = @company_fold, country = @country, state = @state, address = @address,
    tax_id = @tax_id, language = @language, currency = @currency, time_zone = @time_zone, customer_group = @customer_group, version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: Customer :one
SELECT * FROM customers WHERE id = @id;

-- name: CustomerByEmail :one
SELECT * FROM customers WHERE email_fold = @email_fold;

-- name: CreditsOfCustomer :many
SELECT * FROM customer_credits WHERE customer_id = @customer_id AND amount > 0 ORDER BY currency;

-- name: CreditOfCustomer :one
SELECT amount FROM customer_credits WHERE customer_id = @customer_id AND currency = @currency;

-- name: AddCredit :exec
INSERT INTO customer_credits (customer_id, currency, amount) VALUES (@customer_id, @currency, @amount)
ON CONFLICT (customer_id, currency) DO UPDATE SET amount = customer_credits.amount + excluded.amount;

-- name: TakeCredit :execrows
UPDATE customer_credits SET amount = amount - @amount
WHERE customer_id = @customer_id AND currency = @currency AND amount >= @amount;

-- Takes the row's lock if there is such a row, so that two guests with one address come one after the other.
-- name: LockCustomerByEmail :execrows
UPDATE customers SET version = version WHERE email_fold = @email_fold;

-- name: InsertGuest :exec
INSERT INTO guests (customer_id, created_at) VALUES (@customer_id, @created_at);

-- name: ClaimGuest :execrows
UPDATE guests SET account_id = @account_id, claimed_at = @claimed_at WHERE customer_id = @customer_id AND claimed_at IS NULL;

-- name: GuestsOfAddress :many
SELECT guests.customer_id FROM guests JOIN customers ON customers.id = guests.customer_id
WHERE guests.claimed_at IS NULL AND customers.email_fold >= @low AND customers.email_fold < @high ORDER BY guests.customer_id;

-- name: SetCustomerFold :exec
UPDATE customers SET email_fold = @email_fold, version = version + 1, updated_at = @updated_at WHERE id = @id;
