module github.com/keystead/keystead/sdk/go

go 1.22
