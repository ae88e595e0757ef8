// SPDX-License-Identifier: Apache-2.0

// Package acme has what an account is to Traefik.
package acme

// Account is one with an authority.
type Account struct{}

// ExtendedAccount is an account, and where the authority has it.
type ExtendedAccount struct {
	Account

	Location string
}
