// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/test/crash"
)

// What no run of any scenario shows, a run shows as soon as it is there, with the place and without the key.
func TestAKeyThatGetsOutIsFoundInTheRunThatLetItOut(t *testing.T) {
	t.Parallel()
	for name, letOut := range leakWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plant{letOut: letOut}
			report := harness.Apart().Run(t.Context(), crash.Scenario{Name: "plant a key in " + name, Given: created(), When: crash.Step{Act: p.act}})
			if len(report.Failures) != 1 {
				t.Errorf("the run ends with %d failures", len(report.Failures))
			}
			p.isToldBy(t, report.Failures)
		})
	}
}

// Runs in which the operator is killed are searched as the undisturbed ones are.
func TestAKeyThatGetsOutAroundACrashIsFound(t *testing.T) {
	t.Parallel()
	p := plant{letOut: leakWays["a value that is there for a moment"], spared: 1}
	report := harness.Apart().Run(t.Context(), crash.Scenario{
		Name:  "plant a key when the operator is killed",
		Given: created(),
		When: crash.Step{
			Act:     all(edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Image = otherImage }), p.act),
			Settled: all(serving("alpha"), podRuns("alpha", otherImage)),
		},
		KilledOver: func(_, path string) bool { return strings.HasSuffix(path, "/statefulsets/alpha") },
	})
	if len(report.Failures) < len(crash.Ways()) || report.Points < len(crash.Ways()) {
		t.Errorf("%d crash points, %d failures, want one for each way: %v", report.Points, len(report.Failures), report.Failures)
	}
	p.isToldBy(t, report.Failures)
}

// A key that came to be where nobody took note of it is not looked for. That must not pass for not finding it.
func TestAKeyThatNobodyLooksForIsTold(t *testing.T) {
	t.Parallel()
	report := harness.Apart().Run(t.Context(), crash.Scenario{
		Name: "bring a key that nobody looks for",
		When: crash.Step{Retained: []string{"Secret/alpha-identity-1"}, Act: func(ctx context.Context, w *crash.World) error {
			key, err := identity.New(v1alpha1.IdentityEd25519, rand.Reader)
			if err != nil {
				return err
			}
			return sealFor(ctx, w, "alpha", key)
		}},
	})
	if told := fmt.Sprint(report.Failures); len(report.Failures) != 1 || !strings.Contains(told, "the key in the Secret alpha-identity-1: nobody looks for it") {
		t.Errorf("the run ends with %s", told)
	}
}

// What a run comes to may be a key itself, for example where two states differ.
func TestWhatWouldShowAKeyIsNotSaid(t *testing.T) {
	t.Parallel()
	p := plant{letOut: func(_ context.Context, w *crash.World, secret []byte) (string, error) {
		return "", fmt.Errorf("%s ends with %x", w.Namespace, secret)
	}}
	report := harness.Apart().Run(t.Context(), crash.Scenario{Name: "fail with a key", Given: created(), When: crash.Step{Act: p.act}})
	told := fmt.Sprint(report.Failures)
	if shown := canary.Find([]byte(told), p.secrets[0]); len(shown) > 0 || !strings.Contains(told, "is not said, it would show a key") {
		t.Errorf("the run shows the key as %v, or does not say that it withholds it", shown)
	}
}

// plant lets a key out in every run of a scenario but the first ones, which it spares.
type plant struct {
	letOut leak
	spared int

	mu      sync.Mutex
	runs    int
	places  []string
	secrets [][]byte
}

func (p *plant) act(ctx context.Context, w *crash.World) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs++; p.runs <= p.spared {
		return nil
	}
	keys := w.Keys.In(w.Namespace)
	if len(keys) == 0 {
		return errors.New("no key was made for alpha")
	}
	place, err := p.letOut(ctx, w, keys[0].Secret())
	p.places, p.secrets = append(p.places, place), append(p.secrets, keys[0].Secret())
	return err
}

// isToldBy fails unless all failures together name all places, each is about one of them, and none shows a key.
func (p *plant) isToldBy(t *testing.T, failures []error) {
	t.Helper()
	told := fmt.Sprint(failures)
	for i, place := range p.places {
		if !strings.Contains(told, place) {
			t.Errorf("%q is not named by %s", place, told)
		}
		if shown := canary.Find([]byte(told), p.secrets[i]); len(shown) > 0 {
			t.Errorf("what is told shows the key as %v", shown)
		}
	}
	for _, failure := range failures {
		if !strings.Contains(failure.Error(), "the private key of ") {
			t.Errorf("a run ends with another failure: %v", failure)
		}
	}
}
