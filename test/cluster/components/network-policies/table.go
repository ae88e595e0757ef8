// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// Where the addresses are in the header of IPv4.
const (
	sourceAddress      = 12
	destinationAddress = 16
)

// writeTable sends the first packet of every connection from or to a pod to the queue. Forwarded packets only: a node always reaches
// its pods and they reach it, as Kubernetes has it, or no probe would succeed. At this hook the address of a Service is the pod's already,
// and the setting bridge-nf-call-iptables, which the cluster turns on, brings packets here that the bridge forwards from pod to pod.
func writeTable(name string, pods netip.Prefix, queue uint16) error {
	// struct xt_NFQ_info_v1: the first queue, and how many.
	info := make(xt.Unknown, 8)
	binary.NativeEndian.PutUint16(info, queue)
	binary.NativeEndian.PutUint16(info[2:], 1)
	// The kernel's two ways into a queue. They are built separately, and a kernel may lack either.
	native := tryTable(name, pods, &expr.Queue{Num: queue})
	if native == nil {
		return nil
	}
	compat := tryTable(name, pods, &expr.Target{Name: "NFQUEUE", Rev: 1, Info: &info})
	if compat == nil {
		return nil
	}
	return fmt.Errorf("the kernel can hand packets to no program (CONFIG_NFT_QUEUE, or CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_TARGET_NFQUEUE): %w",
		errors.Join(native, compat))
}

// tryTable replaces the table by one with this way into the queue.
func tryTable(name string, pods netip.Prefix, intoQueue expr.Any) error {
	nft, err := nftables.New()
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	table := &nftables.Table{Name: name, Family: nftables.TableFamilyIPv4}
	nft.AddTable(table) // so that there is one to delete
	nft.DelTable(table)
	nft.AddTable(table)
	chain := nft.AddChain(&nftables.Chain{Name: "forward", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter})
	for _, rule := range [][]expr.Any{
		append(known(), &expr.Verdict{Kind: expr.VerdictAccept}),
		append(within(sourceAddress, pods), intoQueue),
		append(within(destinationAddress, pods), intoQueue),
	} {
		nft.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: rule})
	}
	if err := nft.Flush(); err != nil {
		return fmt.Errorf("write table %s: %w", name, err)
	}
	return nil
}

// known matches packets of connections that exist: ct state established,related.
func known() []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Xor: make([]byte, 4),
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// within matches packets with an address in a network: ip saddr 10.244.0.0/24.
func within(offset uint32, network netip.Prefix) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Xor: make([]byte, 4), Mask: net.CIDRMask(network.Bits(), 32)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: network.Masked().Addr().AsSlice()},
	}
}
