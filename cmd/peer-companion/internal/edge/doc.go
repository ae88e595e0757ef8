// SPDX-License-Identifier: Apache-2.0

// Package edge serves a peer's API to the outside: TLS, limits, and a proxy that lets through what pkg/edge admits.
package edge
