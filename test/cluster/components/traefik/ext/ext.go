// SPDX-License-Identifier: Apache-2.0

// Package ext is where extensions of Traefik add to its configuration. There are none.
package ext

// HTTP would add to the configuration of HTTP.
type HTTP struct{}

// Router would add to that of a router.
type Router struct{}
