// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// recordedCopies are the copies to be put on record, in the order of the spec.
func (p Plan) recordedCopies() []v1alpha1.KeyCopy {
	var out []v1alpha1.KeyCopy
	for _, step := range p.copies {
		if step.record != nil {
			out = append(out, *step.record)
		}
	}
	return out
}

// keyBackedUp says whether every store has a copy of the latest key, nil where the spec names none.
func (p Plan) keyBackedUp(o Observed) *metav1.Condition {
	stores := o.PeerNode.KeyStores()
	if len(stores) == 0 {
		return nil
	}
	c := conditions.New(v1alpha1.ConditionKeyBackedUp, metav1.ConditionFalse, v1alpha1.ReasonWaitingForKey, "there is no key yet that could be copied")
	was := conditions.Find(o.PeerNode.Status.Conditions, v1alpha1.ConditionKeyBackedUp)
	if p.Blocked != nil && was.Type != "" {
		return &was // Nothing is done, and nothing was looked at.
	}
	if len(p.copies) == 0 {
		return &c
	}
	if findings := findingsOf(p.copies); len(findings) > 0 {
		c.Reason, c.Message = findings[0].Reason, messages(findings)
		// While a copy that failed is tried again, what went wrong stays told.
		if was.Reason == v1alpha1.ReasonKeyCopyFailed && !copyTrouble(c.Reason) {
			c.Reason, c.Message = was.Reason, was.Message
		}
		return &c
	}
	c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonKeyCopied
	c.Message = fmt.Sprintf("the key of epoch %d is in %s", p.copies[0].record.Epoch, strings.Join(stores, ", "))
	for _, copied := range p.recordedCopies() {
		if !copied.ReadBack {
			c.Message += fmt.Sprintf("; the copy in %s was not read back, because its credentials do not allow it", copied.Store)
		}
	}
	return &c
}

// findingsOf are those of all stores; trouble comes first, because what still waits may well end by itself.
func findingsOf(steps []copyStep) []*conditions.Finding {
	var trouble, waits []*conditions.Finding
	for _, step := range steps {
		switch {
		case step.finding == nil:
		case copyTrouble(step.finding.Reason):
			trouble = append(trouble, step.finding)
		default:
			waits = append(waits, step.finding)
		}
	}
	return append(trouble, waits...)
}

// copyTrouble are the reasons for which a person may be needed.
func copyTrouble(reason string) bool {
	switch reason {
	case v1alpha1.ReasonKeyCopyFailed, v1alpha1.ReasonStoreMissing, v1alpha1.ReasonForeignObject:
		return true
	}
	return false
}

func messages(findings []*conditions.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Message)
	}
	return strings.Join(out, "; ")
}
