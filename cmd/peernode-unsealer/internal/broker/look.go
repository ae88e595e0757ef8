// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
)

// review asks the API server whose token it is.
func (b *Broker) review(ctx context.Context, token string) (authenticationv1.TokenReviewStatus, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{sealingkey.Audience}}}
	if err := b.Client.Create(ctx, review); err != nil {
		// What refuses a review may repeat what it was given.
		return review.Status, errors.New("review a token: " + strings.ReplaceAll(err.Error(), token, "[token]"))
	}
	return review.Status, nil
}

// look reads the objects of the caller's peer past every cache, all at once. Those that do not exist stay nil.
func (b *Broker) look(ctx context.Context, caller unseal.Caller) (unseal.Observed, error) {
	o := unseal.Observed{Caller: caller}
	peer, ok := caller.PeerNode()
	var pod corev1.Pod
	var set appsv1.StatefulSet
	var peerNode v1alpha1.PeerNode
	var hasPod, hasSet, hasPeerNode bool
	var errs [3]error
	var reads sync.WaitGroup
	reads.Go(func() { hasPod, errs[0] = b.get(ctx, caller.Namespace, caller.Pod, &pod) })
	if ok {
		reads.Go(func() { hasSet, errs[1] = b.get(ctx, caller.Namespace, peer, &set) })
		reads.Go(func() { hasPeerNode, errs[2] = b.get(ctx, caller.Namespace, peer, &peerNode) })
	}
	reads.Wait()
	if hasPod {
		o.Pod = &pod
	}
	if hasSet {
		o.StatefulSet = &set
	}
	if hasPeerNode {
		o.PeerNode = &peerNode
	}
	return o, errors.Join(errs[:]...)
}

// lookAtReservation reads the reservation of the key in an envelope. Its name depends on the software of the peer.
func (b *Broker) lookAtReservation(ctx context.Context, o *unseal.Observed) error {
	if o.PeerNode == nil {
		return nil
	}
	form := kinds.Key(o.PeerNode.Spec.Software)
	if form == nil {
		return nil
	}
	var reservation v1alpha1.PeerIdentityReservation
	exists, err := b.get(ctx, "", names.Reservation(form.Network(), o.Header.KeyType, o.Header.PublicKey), &reservation)
	if exists {
		o.Reservation = &reservation
	}
	return err
}

// published is the number of the sealing key that is in use, as all replicas of the unsealer see it; 0 where nothing that
// can be read is published.
func (b *Broker) published(ctx context.Context) (int, error) {
	var config corev1.ConfigMap
	exists, err := b.get(ctx, b.Namespace, sealingkey.Name, &config)
	if err != nil || !exists {
		return 0, err
	}
	p, err := sealingkey.ReadPublished(config.Data)
	if err != nil {
		return 0, nil //nolint:nilerr // The publisher puts it right.
	}
	return p.Number, nil
}

// get reports whether the object exists.
func (b *Broker) get(ctx context.Context, namespace, name string, into client.Object) (bool, error) {
	err := b.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s/%s: %w", into, namespace, name, err)
	}
	return true, nil
}
