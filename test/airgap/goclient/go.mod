module github.com/keystead/keystead/test/airgap/goclient

go 1.22

require github.com/keystead/keystead/sdk/go v0.0.0

replace github.com/keystead/keystead/sdk/go => ../../../sdk/go
