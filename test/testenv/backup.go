// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// signing lets the pod of a backup sign its record with a key of its own, because no unsealer serves pods that no node runs.
func signing(pod *corev1.Pod, args []string, folder string) ([]string, error) {
	if pod.Labels[v1alpha1.LabelComponent] != names.ComponentBackup {
		return args, nil
	}
	private, _, err := backup.NewSigningKey(rand.Reader, pod.Namespace, pod.Labels[v1alpha1.LabelPeerNode])
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "signing.key")
	if err := os.WriteFile(file, []byte(private), 0o600); err != nil {
		return nil, err
	}
	args = slices.DeleteFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--unsealer-") })
	return append(args, "--signing-key="+file), nil
}

// AnnotationHoldsData says of a volume claim that the peer has run on it. A volume of these tests lives as long as one pod, so
// nothing else could tell.
const AnnotationHoldsData = "test.peernode.dev/holds-data"

// dataOfPeer is what a peer has on its volume. One that is to be restored has run nowhere yet.
func dataOfPeer(pod *corev1.Pod, claim *corev1.PersistentVolumeClaim) map[string][]byte {
	if pod.Labels[v1alpha1.LabelComponent] == resources.ComponentRestore && claim.Annotations[AnnotationHoldsData] == "" {
		return nil
	}
	return map[string][]byte{"block": []byte("data of a peer that no node runs")}
}
