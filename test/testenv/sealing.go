// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/sealingkey"
)

// UnsealerNamespace is where the unsealer would run.
const UnsealerNamespace = "peernode-system"

// CompanionImage is the image of peer-companion, which no simulated node runs.
const CompanionImage = "registry.example.com/peer-companion:v1"

// publishSealing makes a sealing key and publishes it as the unsealer does, of which no simulated peer asks anything.
func (e *Env) publishSealing(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: UnsealerNamespace}}
	if err := e.Admin.Create(ctx, namespace); err != nil {
		return err
	}
	secret, err := sealingkey.NewSecret(UnsealerNamespace, 1, time.Now())
	if err != nil {
		return err
	}
	if e.Sealing, err = sealingkey.Read(secret.Data); err != nil {
		return err
	}
	published := sealingkey.Ring{e.Sealing}.Published()
	err = e.Admin.Apply(ctx, sealingkey.ConfigMap(UnsealerNamespace, published), client.FieldOwner("unsealer"))
	if err != nil {
		return fmt.Errorf("publish the sealing key: %w", err)
	}
	return nil
}
