// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers"
	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/pkg/enforcement"
)

// A scrape says what the status says.
func TestMetrics(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	capacity := resource.MustParse("1Gi")
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&v1alpha1.PeerNode{
			ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"},
			Status: v1alpha1.PeerNodeStatus{
				Software: "p2pAgent", Certificate: &v1alpha1.PeerCertificateStatus{NotAfter: &metav1.Time{Time: time.Unix(1800000000, 0)}}, Storage: &v1alpha1.PeerStorageStatus{Capacity: &capacity},
				Conditions: []metav1.Condition{
					{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Serving"}, {Type: "Stalled", Status: metav1.ConditionFalse, Reason: "Settled"},
				},
			},
		},
		&v1alpha1.PeerFleet{
			ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "relay"},
			Spec:       v1alpha1.PeerFleetSpec{Replicas: 5},
			Status: v1alpha1.PeerFleetStatus{
				Replicas: 5, ReadyReplicas: 3, AvailableReplicas: 2, UpdatedReplicas: 2, ParkedReplicas: 1,
				Waits:      []v1alpha1.GateWait{{Gate: "CanaryReady", Peers: 3}},
				Conditions: []metav1.Condition{{Type: "RolloutOpen", Status: metav1.ConditionFalse, Reason: "CanaryNotReady"}},
			},
		},
		&v1alpha1.PeerBackupStore{
			ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "s3"},
			Status: v1alpha1.PeerBackupStoreStatus{
				LastCheck: &v1alpha1.BackupStoreCheck{Time: metav1.NewTime(time.Unix(1800003600, 0))}, LastPassed: &metav1.Time{Time: time.Unix(1800000000, 0)},
				Conditions: []metav1.Condition{{Type: "Ready", Status: metav1.ConditionFalse, Reason: "CheckFailed"}},
				Retention:  &v1alpha1.BackupRetentionStatus{LastPassed: &metav1.Time{Time: time.Unix(1800007200, 0)}, Kept: 30, Removed: 1, Locked: 5, Postponed: 2, Strange: 3},
			},
		},
		&v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "not-checked-yet"}},
	).Build()
	const want = `
# HELP peernode_info One for each PeerNode, with its software.
# TYPE peernode_info gauge
peernode_info{name="alpha",namespace="peers",software="p2pAgent"} 1
# HELP peernode_condition One while the condition of the PeerNode is True, zero otherwise.
# TYPE peernode_condition gauge
peernode_condition{name="alpha",namespace="peers",reason="Serving",type="Ready"} 1
peernode_condition{name="alpha",namespace="peers",reason="Settled",type="Stalled"} 0
# HELP peernode_volume_capacity_bytes Size of the PeerNode's volume in bytes.
# TYPE peernode_volume_capacity_bytes gauge
peernode_volume_capacity_bytes{name="alpha",namespace="peers"} 1.073741824e+09
# HELP peernode_certificate_expiry_timestamp_seconds When the certificate of the PeerNode's API runs out, in seconds since 1970.
# TYPE peernode_certificate_expiry_timestamp_seconds gauge
peernode_certificate_expiry_timestamp_seconds{name="alpha",namespace="peers"} 1.8e+09
# HELP peernode_network_policy_enforced One where the network plugin was seen to enforce NetworkPolicies in a direction, zero where it was seen not to; absent while nobody knows.
# TYPE peernode_network_policy_enforced gauge
peernode_network_policy_enforced{direction="egress"} 0
peernode_network_policy_enforced{direction="ingress"} 1
# HELP peerfleet_peers How many peers of the PeerFleet are in a state: desired, existing, ready, available, updated or parked.
# TYPE peerfleet_peers gauge
peerfleet_peers{name="relay",namespace="peers",state="available"} 2
peerfleet_peers{name="relay",namespace="peers",state="desired"} 5
peerfleet_peers{name="relay",namespace="peers",state="existing"} 5
peerfleet_peers{name="relay",namespace="peers",state="parked"} 1
peerfleet_peers{name="relay",namespace="peers",state="ready"} 3
peerfleet_peers{name="relay",namespace="peers",state="updated"} 2
# HELP peerfleet_condition One while the condition of the PeerFleet is True, zero otherwise.
# TYPE peerfleet_condition gauge
peerfleet_condition{name="relay",namespace="peers",reason="CanaryNotReady",type="RolloutOpen"} 0
# HELP peerfleet_peers_held How many peers a gate of the rollout holds back.
# TYPE peerfleet_peers_held gauge
peerfleet_peers_held{gate="CanaryReady",name="relay",namespace="peers"} 3
# HELP peerbackupstore_condition One while the condition of the PeerBackupStore is True, zero otherwise.
# TYPE peerbackupstore_condition gauge
peerbackupstore_condition{name="s3",namespace="peers",reason="CheckFailed",type="Ready"} 0
# HELP peerbackupstore_check_timestamp_seconds When the PeerBackupStore was last checked, in seconds since 1970.
# TYPE peerbackupstore_check_timestamp_seconds gauge
peerbackupstore_check_timestamp_seconds{name="s3",namespace="peers"} 1.8000036e+09
# HELP peerbackupstore_passed_timestamp_seconds When a check last found the PeerBackupStore as its spec wants it, in seconds since 1970.
# TYPE peerbackupstore_passed_timestamp_seconds gauge
peerbackupstore_passed_timestamp_seconds{name="s3",namespace="peers"} 1.8e+09
# HELP peerbackupstore_pruned_timestamp_seconds When old backups were last removed from the PeerBackupStore, of all peers, in seconds since 1970.
# TYPE peerbackupstore_pruned_timestamp_seconds gauge
peerbackupstore_pruned_timestamp_seconds{name="s3",namespace="peers"} 1.8000072e+09
# HELP peerbackupstore_backups How many backups that run kept, removed or left to the next one, and how many records and objects it found locked, or strange.
# TYPE peerbackupstore_backups gauge
peerbackupstore_backups{name="s3",namespace="peers",state="kept"} 30
peerbackupstore_backups{name="s3",namespace="peers",state="locked"} 5
peerbackupstore_backups{name="s3",namespace="peers",state="postponed"} 2
peerbackupstore_backups{name="s3",namespace="peers",state="removed"} 1
peerbackupstore_backups{name="s3",namespace="peers",state="strange"} 3
`
	known := enforced.New(enforcement.Word{Asked: true, Heard: true, Verdict: enforcement.Verdict{Ingress: enforcement.Yes, Egress: enforcement.No}})
	if err := testutil.CollectAndCompare(controllers.Metrics{Reader: reader, Enforced: known}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
