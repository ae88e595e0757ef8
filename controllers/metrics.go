// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/enforced"
)

// scrapeTimeout bounds the listings, which come from the cache.
const scrapeTimeout = 5 * time.Second

var (
	infoDesc = prometheus.NewDesc("peernode_info",
		"One for each PeerNode, with its software.", []string{"namespace", "name", "software"}, nil)
	conditionDesc = prometheus.NewDesc("peernode_condition",
		"One while the condition of the PeerNode is True, zero otherwise.", []string{"namespace", "name", "type", "reason"}, nil)
	volumeDesc = prometheus.NewDesc("peernode_volume_capacity_bytes",
		"Size of the PeerNode's volume in bytes.", []string{"namespace", "name"}, nil)
	certificateDesc = prometheus.NewDesc("peernode_certificate_expiry_timestamp_seconds",
		"When the certificate of the PeerNode's API runs out, in seconds since 1970.", []string{"namespace", "name"}, nil)
)

// Metrics tells Prometheus what the status of every PeerNode, PeerFleet, PeerBackupStore and PeerBackup tells people. It reads the cache when
// it is scraped, so that a metric can never lag behind or outlive its object.
type Metrics struct {
	Reader client.Reader
	// Enforced is what is known of NetworkPolicies.
	Enforced *enforced.State
}

// Describe lists the metrics.
func (m Metrics) Describe(out chan<- *prometheus.Desc) {
	out <- infoDesc
	out <- conditionDesc
	out <- volumeDesc
	out <- certificateDesc
	out <- fleetPeersDesc
	out <- fleetConditionDesc
	out <- fleetHeldDesc
	out <- storeConditionDesc
	out <- storeCheckedDesc
	out <- storePassedDesc
	out <- storePrunedDesc
	out <- storeBackupsDesc
	for _, d := range []*prometheus.Desc{backupTimeDesc, backupProvenDesc, backupSizeDesc, backupUploadedDesc, backupStoppedDesc, backupsDesc} {
		out <- d
	}
	out <- enforcedDesc
	out <- sourcesDesc
}

// Collect reads the objects of all kinds.
func (m Metrics) Collect(out chan<- prometheus.Metric) {
	collectEnforced(m.Enforced.Word(), out)
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	list := &v1alpha1.PeerNodeList{}
	if err := m.Reader.List(ctx, list); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "cannot list PeerNodes")
		return
	}
	for i := range list.Items {
		collect(&list.Items[i], out)
	}
	fleets := &v1alpha1.PeerFleetList{}
	if err := m.Reader.List(ctx, fleets); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "cannot list PeerFleets")
		return
	}
	for i := range fleets.Items {
		collectFleet(&fleets.Items[i], out)
	}
	stores := &v1alpha1.PeerBackupStoreList{}
	if err := m.Reader.List(ctx, stores); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "cannot list PeerBackupStores")
		return
	}
	for i := range stores.Items {
		collectStore(&stores.Items[i], out)
	}
	backups := &v1alpha1.PeerBackupList{}
	if err := m.Reader.List(ctx, backups); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "cannot list PeerBackups")
		return
	}
	collectBackups(backups.Items, out)
}

func collect(p *v1alpha1.PeerNode, out chan<- prometheus.Metric) {
	out <- gauge(infoDesc, 1, p.Namespace, p.Name, p.Status.Software)
	for _, c := range p.Status.Conditions {
		out <- gauge(conditionDesc, oneIfTrue(c), p.Namespace, p.Name, c.Type, c.Reason)
	}
	if s := p.Status.Storage; s != nil && s.Capacity != nil {
		out <- gauge(volumeDesc, s.Capacity.AsApproximateFloat64(), p.Namespace, p.Name)
	}
	if c := p.Status.Certificate; c != nil && c.NotAfter != nil {
		out <- gauge(certificateDesc, float64(c.NotAfter.Unix()), p.Namespace, p.Name)
	}
}

func oneIfTrue(c metav1.Condition) float64 {
	if c.Status == metav1.ConditionTrue {
		return 1
	}
	return 0
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}
