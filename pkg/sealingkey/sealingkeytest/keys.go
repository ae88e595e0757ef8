// SPDX-License-Identifier: Apache-2.0

// Package sealingkeytest makes sealing keys for tests.
package sealingkeytest

import (
	"testing"
	"time"

	"github.com/peernode/operator/pkg/sealingkey"
)

// Namespace is that of the unsealer whose keys these are.
const Namespace = "peernode-system"

// Key makes the sealing key of a number.
func Key(tb testing.TB, number int, now time.Time) sealingkey.Key {
	tb.Helper()
	secret, err := sealingkey.NewSecret(Namespace, number, now)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := sealingkey.Read(secret.Data)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Ring makes the sealing keys of an unsealer.
func Ring(tb testing.TB, now time.Time, numbers ...int) sealingkey.Ring {
	tb.Helper()
	var keys []sealingkey.Key
	for _, number := range numbers {
		keys = append(keys, Key(tb, number, now))
	}
	ring, err := sealingkey.NewRing(keys...)
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}
