// SPDX-License-Identifier: Apache-2.0

// Package names is where every object name, selector and label of a peer comes from, so that the length budget
// (52 characters for a PeerNode, kept by a rule of the CRD) is spent in one place.
package names

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
)

// Suffixes of the objects whose name is not simply that of the PeerNode.
const (
	suffixAPI    = "-api"
	suffixTLS    = "-api-tls"
	suffixAPIExt = "-api-ext"
	suffixPeer   = "-peer"
	suffixConfig = "-config"
	suffixData   = "-data"
	suffixKey    = "-identity"
	suffixKeyJob = "-key"
	suffixCopies = "-key-copies"
	suffixCopy   = "-copy-"

	suffixRestore = "-restore"
)

// Workload is the name of the StatefulSet, its headless Service, ServiceAccount, NetworkPolicy and
// PodDisruptionBudget.
func Workload(p *v1alpha1.PeerNode) string { return p.Name }

// Pod is the name of the only pod of the StatefulSet.
func Pod(p *v1alpha1.PeerNode) string { return p.Name + "-0" }

// API is the name of the Service of the peer's API, and of the Certificate under which that is served.
func API(p *v1alpha1.PeerNode) string { return p.Name + suffixAPI }

// TLS is the name of the Secret in which cert-manager keeps the certificate of the peer's API.
func TLS(p *v1alpha1.PeerNode) string { return p.Name + suffixTLS }

// PeerService is the name of the Service by which the outside reaches the ports of the peer protocol.
func PeerService(p *v1alpha1.PeerNode) string { return p.Name + suffixPeer }

// ExternalAPI is the name of the Service by which users outside of the cluster reach the API.
func ExternalAPI(p *v1alpha1.PeerNode) string { return p.Name + suffixAPIExt }

// Config is the name of the ConfigMap with the peer's files.
func Config(p *v1alpha1.PeerNode) string { return p.Name + suffixConfig }

// Data is the name of the PersistentVolumeClaim. It does not depend on the PeerNode's UID, so that a PeerNode of
// the same name takes a retained volume up again.
func Data(p *v1alpha1.PeerNode) string { return p.Name + suffixData }

// Key is the name of the Secret of one key epoch. Create on this fixed name is the lock that keeps two keys of
// one epoch from being made.
func Key(p *v1alpha1.PeerNode, epoch int64) string {
	return fmt.Sprintf("%s%s-%d", p.Name, suffixKey, epoch)
}

// KeyJob is the name of the Job that makes the key of an epoch: that of its Secret, or a shorter one where a label, which
// holds the name of a Job, could not hold that.
func KeyJob(p *v1alpha1.PeerNode, epoch int64) string {
	if name := Key(p, epoch); len(name) <= validation.LabelValueMaxLength {
		return name
	}
	return fmt.Sprintf("%s%s-%d", p.Name, suffixKeyJob, epoch)
}

// KeyCopies is the name of the NetworkPolicy of the Jobs that copy keys.
func KeyCopies(p *v1alpha1.PeerNode) string { return p.Name + suffixCopies }

// KeyCopyJob is the name of the Job that puts a copy of the key of an epoch into a store as it stands: after a change of
// either it is another Job, so that what is corrected is tried at once.
func KeyCopyJob(p *v1alpha1.PeerNode, epoch int64, store *v1alpha1.PeerBackupStore) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s/%d", epoch, store.Name, store.UID, store.Generation))
	return p.Name + suffixCopy + hex.EncodeToString(sum[:])[:5]
}

// Restore is the name of the Job that fills the peer's volume from a backup, and of its NetworkPolicy.
func Restore(p *v1alpha1.PeerNode) string { return p.Name + suffixRestore }

// OfKey reads the PeerNode and the epoch from what Key names, false where it would name no Secret so.
func OfKey(secret string) (peerNode string, epoch int64, ok bool) {
	i := strings.LastIndex(secret, suffixKey+"-")
	if i < 1 {
		return "", 0, false
	}
	peerNode = secret[:i]
	epoch, err := strconv.ParseInt(secret[i+len(suffixKey)+1:], 10, 64)
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: peerNode}}
	if err != nil || epoch < 1 || Key(p, epoch) != secret {
		return "", 0, false
	}
	return peerNode, epoch, true
}

// Reservation is the name of the PeerIdentityReservation of a public key, in hexadecimal digits. Create on this fixed
// name is the lock that keeps two PeerNodes of the cluster from one identity.
func Reservation(network string, keyType v1alpha1.IdentityType, publicKey string) string {
	return fmt.Sprintf("%s-%s-%s", network, strings.ToLower(string(keyType)), publicKey)
}

// Host is the name by which the cluster's DNS knows the peer, without the cluster's domain, which the search list
// of every pod supplies.
func Host(name, namespace string) string { return name + "." + namespace + ".svc" }
