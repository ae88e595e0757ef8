// SPDX-License-Identifier: Apache-2.0

// Package sealingkey is the sealing key of a cluster: the private key of age that opens the envelopes of all its peers,
// and the certificate authority by which peers know the unsealer that holds it. It lies in one immutable Secret in the
// operator's namespace, which nobody but the unsealer mounts. What everybody may know of it, the unsealer publishes in
// a ConfigMap.
//
// The packages of pkg take entropy as an argument. age, and since Go 1.26 crypto/ecdsa, take none: they draw their keys
// from the operating system themselves. Certificates are signed without any, as RFC 6979 has it.
package sealingkey

import (
	"fmt"
	"net"
	"strconv"
)

// Name is that of the unsealer's Deployment, of its Service, and of the ConfigMap in which it publishes.
const Name = "peernode-unsealer"

// Component tells the objects of the unsealer from others that the operator manages.
const Component = "unsealer"

// Audience is for whom a token must be made that the unsealer takes.
const Audience = "unsealer.peernode.dev"

// Port is that of the Service, and the one on which the unsealer listens.
const Port = 8443

// Files of the Secret.
const (
	// FileIdentity holds the hybrid private key of age, AGE-SECRET-KEY-PQ-1...
	FileIdentity = "identity.age"
	// FileCA and FileCAKey are the certificate authority, in PEM.
	FileCA    = "ca.crt"
	FileCAKey = "ca.key"
)

// SecretName is the Secret of one sealing key. Keys count from 1. Create on this fixed name is the lock that keeps two
// keys of one number from being made.
func SecretName(number int) string { return fmt.Sprintf("peernode-sealing-key-%d", number) }

// Hosts are the names by which pods know the unsealer of a namespace.
func Hosts(namespace string) []string {
	host := Name + "." + namespace
	return []string{Name, host, Host(namespace), Host(namespace) + ".cluster.local"}
}

// Host is the one of Hosts by which peers ask, whatever their own namespace and the cluster's domain.
func Host(namespace string) string { return Name + "." + namespace + ".svc" }

// URL is where peers ask.
func URL(namespace string) string {
	return "https://" + net.JoinHostPort(Host(namespace), strconv.Itoa(Port))
}
