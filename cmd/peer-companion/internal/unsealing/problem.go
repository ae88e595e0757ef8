// SPDX-License-Identifier: Apache-2.0

// Package unsealing asks the unsealer for the key of a peer, until it answers, or opens it without one.
package unsealing

import (
	"errors"
	"fmt"
	"net"

	"github.com/peernode/operator/pkg/unseal"
)

// Problem is why there is no key.
type Problem struct {
	Reason  unseal.Reason
	Message string
	// forGood says that asking again changes nothing.
	forGood bool
}

// String is the reason, and then the message.
func (p *Problem) String() string { return string(p.Reason) + ": " + p.Message }

// ForGood is a problem that stays.
func ForGood(reason unseal.Reason, err error) *Problem { return &Problem{reason, err.Error(), true} }

func passing(reason unseal.Reason, err error) *Problem { return &Problem{reason, err.Error(), false} }

func refused(r unseal.Refusal) *Problem {
	return &Problem{r.Reason, r.Message, r.ForGood()}
}

// plain is an error of the network without ports that change from try to try, so that the same problem reads the same.
func plain(url string, err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		what := "the DNS fails"
		switch {
		case dns.IsNotFound:
			what = "there is no such host"
		case dns.IsTimeout:
			what = "the DNS does not answer"
		}
		return fmt.Errorf("%s: look up %s: %s", url, dns.Name, what)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%s: %s: %w", url, op.Op, op.Err)
	}
	if wrapped := errors.Unwrap(err); wrapped != nil {
		err = wrapped
	}
	return fmt.Errorf("%s: %w", url, err)
}
