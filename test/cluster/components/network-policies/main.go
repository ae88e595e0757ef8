// SPDX-License-Identifier: Apache-2.0

// Command network-policies makes the NetworkPolicies of the test cluster hold. The judge is upstream's kube-network-policies: the kernel
// hands it the first packet of every connection from or to a pod and does what it says. Upstream's program only runs in a pod and
// with nftables' own way into such a queue, which not every kernel has; so its library is run here, over a table of ours.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// options are the flags.
type options struct {
	kubeconfig, node, nri, pods, table string
	queue                              int
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "path of the kubeconfig file")
	flag.StringVar(&o.node, "node", "", "name of the node")
	flag.StringVar(&o.nri, "nri", "", "path of the socket where containerd tells of pods")
	flag.StringVar(&o.pods, "pod-network", "", "network of the pods")
	flag.StringVar(&o.table, "table", "", "name of the nftables tables")
	flag.IntVar(&o.queue, "queue", 0, "number of the queue between the kernel and this program")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "network-policies:", err)
		os.Exit(1)
	}
}

// run judges until ctx is done. The table is there first and stays: without a judge no connection of a pod begins.
func run(ctx context.Context, o options) error {
	pods, err := netip.ParsePrefix(o.pods)
	if err != nil {
		return fmt.Errorf("parse the network of the pods: %w", err)
	}
	if err := writeTable(o.table, pods, uint16(o.queue)); err != nil {
		return err
	}
	if err := connectNRI(o.nri); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.AcceptContentTypes, config.ContentType = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	return judge(ctx, client, networkpolicy.Config{NodeName: o.node, QueueID: o.queue, NFTableName: o.table})
}

// judge runs upstream's controller.
func judge(ctx context.Context, client kubernetes.Interface, config networkpolicy.Config) error {
	all := informers.NewSharedInformerFactory(client, 0)
	// The address of a pod that has ended may be another pod's by now, while the object still names it.
	alive := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.AndSelectors(
			fields.OneTermNotEqualSelector("status.phase", "Succeeded"), fields.OneTermNotEqualSelector("status.phase", "Failed")).String()
	}))
	controller, err := networkpolicy.NewController(client, all.Networking().V1().NetworkPolicies(), all.Core().V1().Namespaces(),
		alive.Core().V1().Pods(), nil, nil, nil, nil, config)
	if err != nil {
		return fmt.Errorf("construct the controller: %w", err)
	}
	all.Start(ctx.Done())
	alive.Start(ctx.Done())
	if err := controller.Run(ctx); err != nil {
		return fmt.Errorf("judge packets: %w", err)
	}
	return nil
}
