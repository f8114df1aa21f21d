//go:build tools

// Package main names Vault, so that `go mod tidy` keeps what a build of it needs.
package main

import _ "github.com/hashicorp/vault"
