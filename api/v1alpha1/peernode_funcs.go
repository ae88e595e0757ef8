// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DeletesData reports whether the peer's volume is to go with it.
func (p *PeerNode) DeletesData() bool {
	return p.Spec.DeletionPolicy.Data == RetentionDelete
}

// DeletesKeys reports whether the peer's keys are to go with it.
func (p *PeerNode) DeletesKeys() bool {
	return p.Spec.DeletionPolicy.Keys == RetentionDelete
}

// In returns the namespace of the reference, seen from a PeerNode in namespace own.
func (r PeerReference) In(own string) string {
	if r.Namespace == "" {
		return own
	}
	return r.Namespace
}
