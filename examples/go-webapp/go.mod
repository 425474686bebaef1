module github.com/keystead/keystead/examples/go-webapp

go 1.22

require github.com/keystead/keystead/sdk/go v0.0.0

replace github.com/keystead/keystead/sdk/go => ../../sdk/go
