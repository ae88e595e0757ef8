// SPDX-License-Identifier: Apache-2.0

package unsealing

import (
	"context"
	"errors"
	"fmt"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/unseal"
)

// Notary has the unsealer sign the records of the backup that this pod makes.
type Notary struct {
	Client   Client
	Patience Patience
	// Tell hears of each problem that may pass, once.
	Tell func(*Problem)
}

// maxSigned is more than a signed record and its keys have, as JSON writes them.
const maxSigned = 4 * unseal.MaxRecord

// Keys are the public keys by which the records of the peer are known, that of new signatures first, and the key by which its
// states are.
func (n Notary) Keys(ctx context.Context) ([]string, backup.StateKey, error) {
	answer, err := n.ask(ctx, unseal.RecordRequest{})
	return answer.Keys, answer.StateKey, err
}

// Sign has a record signed.
func (n Notary) Sign(ctx context.Context, r backup.Record) ([]byte, error) {
	text, err := r.Text()
	if err != nil {
		return nil, fmt.Errorf("write the record: %w", err)
	}
	if len(text) > unseal.MaxRecord {
		return nil, fmt.Errorf("the record has %d bytes, of which the unsealer signs %d; have the next backup be a full one", len(text), unseal.MaxRecord)
	}
	answer, err := n.ask(ctx, unseal.RecordRequest{Record: text})
	return []byte(answer.Record), err
}

func (n Notary) ask(ctx context.Context, request unseal.RecordRequest) (unseal.RecordAnswer, error) {
	answer, problem := again(ctx, n.Patience, n.Tell, func(ctx context.Context) (unseal.RecordAnswer, *Problem) {
		text, problem := n.Client.send(ctx, unseal.PathRecords, request.Text(), maxSigned)
		if problem != nil {
			return unseal.RecordAnswer{}, problem
		}
		answer, err := unseal.ReadRecordAnswer(text)
		if err != nil {
			return answer, passing(unseal.AnswerUnreadable, err)
		}
		return answer, nil
	})
	if problem != nil {
		return answer, errors.New("have the unsealer sign the record: " + problem.String())
	}
	return answer, nil
}
