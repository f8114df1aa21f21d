//go:build tools

// Package main names Vault, so that `go mod tidy` keeps the requirements of its build.
package main

import _ "github.com/hashicorp/vault"
