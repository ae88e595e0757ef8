// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

const (
	// quiet is longer than the operator holds back small changes of a status, waits for its cache, or leaves an
	// object alone that it has just set right: after it, silence is silence.
	quiet = testenv.Settle + 11*time.Second
	// pause is for stories that only need the operator to have caught its breath.
	pause = testenv.Settle + 2*time.Second
)

// auditLog is shared, so that the log is read once.
var auditLog = sync.OnceValues(func() (*testenv.AuditLog, error) { return env.NewAuditLog() })

// story is a test with a namespace of its own and the operator at work.
type story struct {
	*testing.T
	ns  string
	log *testenv.AuditLog
}

// tell begins a story that others may be told beside.
func tell(t *testing.T) *story {
	t.Helper()
	t.Parallel()
	log, err := auditLog()
	if err != nil {
		t.Fatal(err)
	}
	return &story{T: t, ns: namespace(t), log: log}
}

// must ends the story on an error.
func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *story) eventually(check func() error) {
	s.Helper()
	s.must(testenv.Eventually(s.Context(), check))
}

// create makes a PeerNode and waits for nothing.
func (s *story) create(name string, modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	s.Helper()
	p := builders.PeerNode(s.ns, name, modify...)
	s.must(env.Admin.Create(s.Context(), p))
	return p
}

// serving makes a PeerNode and waits until it serves and the operator has nothing left to say.
func (s *story) serving(name string, modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	s.Helper()
	p := s.create(name, modify...)
	s.serves(p)
	return p
}

func (s *story) serves(p *v1alpha1.PeerNode) {
	s.Helper()
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing)
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled)
}

// becomes waits until a condition of the present generation has a status and a reason.
func (s *story) becomes(p *v1alpha1.PeerNode, conditionType string, status metav1.ConditionStatus, reason string) metav1.Condition {
	s.Helper()
	var c metav1.Condition
	s.eventually(func() error {
		if err := s.get(p.Name, p); err != nil {
			return err
		}
		c = conditions.Find(p.Status.Conditions, conditionType)
		if c.Status != status || c.Reason != reason || c.ObservedGeneration != p.Generation {
			return fmt.Errorf("%s of generation %d/%d is %s, %s (%s), want %s, %s",
				conditionType, c.ObservedGeneration, p.Generation, c.Status, c.Reason, c.Message, status, reason)
		}
		return nil
	})
	return c
}

func (s *story) edit(p *v1alpha1.PeerNode, change func(*v1alpha1.PeerNode)) {
	s.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := s.get(p.Name, p); err != nil {
			return err
		}
		change(p)
		return env.Admin.Update(s.Context(), p)
	}))
}

func (s *story) remove(p *v1alpha1.PeerNode) {
	s.Helper()
	s.must(env.Admin.Delete(s.Context(), p))
	s.gone(p.Name, &v1alpha1.PeerNode{})
}

func (s *story) get(name string, o client.Object) error {
	return env.Admin.Get(s.Context(), types.NamespacedName{Namespace: s.ns, Name: name}, o)
}

// is reads an object that has to be there.
func (s *story) is(name string, o client.Object) {
	s.Helper()
	s.must(s.get(name, o))
}

// gone waits until an object is gone.
func (s *story) gone(name string, o client.Object) {
	s.Helper()
	s.eventually(func() error {
		err := s.get(name, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%T %s is still there", o, name)
		}
		return err
	})
}

// settle waits until the operator has written nothing about the namespace for a while.
func (s *story) settle(d time.Duration) {
	s.Helper()
	mark, since := testenv.Mark(0), time.Now()
	s.eventually(func() error {
		writes, err := s.log.Writes(s.ns, mark)
		if err != nil {
			return err
		}
		if len(writes) > 0 {
			since = time.Now()
			mark, err = s.log.Mark(s.ns)
			return errors.Join(err, fmt.Errorf("still writing: %v", audit.CountBy(writes, audit.VerbAndResource)))
		}
		if silence := time.Since(since); silence < d {
			return fmt.Errorf("silent for no more than %s", silence)
		}
		return nil
	})
}

// silent fails if the operator writes anything about the namespace in the time to come.
func (s *story) silent(d time.Duration) {
	s.Helper()
	writes, err := s.log.During(s.ns, d)
	s.must(err)
	for _, w := range writes {
		if w.Resource == "events" && w.Verb == "patch" {
			continue // the recorder closes a series of equal events some time after the last one
		}
		s.Errorf("the operator has nothing to do, and sent %s %s, answered %d", audit.VerbAndResource(w), w.Name, w.Code)
	}
}
