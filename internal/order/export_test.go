package order

// What a claim does with the tables that name a customer, for the test that none is forgotten.
var (
	Kept  = kept
	Moves = moves
)
