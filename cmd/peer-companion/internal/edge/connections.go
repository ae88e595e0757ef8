// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"

	"github.com/peernode/operator/pkg/edge"
)

// connections are all that are open. They are bounded, in all and for each client. Where there is no room for a new one,
// one without a request is closed. Many that open connections and say nothing, or say it slowly, take them from each
// other: those that never asked anything have a quarter of the room, and above that the longest of them has to go. Who
// asks at once is served, and who was served before keeps the connection.
type connections struct {
	max, perClient int
	// exempt are proxies, behind which there are many clients.
	exempt []netip.Prefix
	banned func(netip.Prefix) bool
	// wasted is told of connections that ended without a request: handshakes that failed, what is no HTTP, silence.
	wasted func(netip.Prefix)
	count  func(reason string)

	mu     sync.Mutex
	open   map[*connection]struct{}
	shares map[netip.Prefix]int
	// unproven are those that have not asked anything, resting those that have and are without a request now. Both have
	// at the front the one that is there longest.
	unproven, resting *list.List
}

// connection is one of a client, below TLS.
type connection struct {
	net.Conn

	all   *connections
	group netip.Prefix
	// answerable is whether its end without a request is held against the client: not against a proxy, and not if the
	// edge has ended it.
	answerable bool
	// place is where it waits, in the queue, nil while requests are under way.
	place    *list.Element
	queue    *list.List
	underway int
}

func newConnections(c edge.Config) *connections {
	return &connections{
		max: c.Limits.Connections, perClient: c.Limits.ConnectionsPerClient, exempt: c.TrustedProxies,
		open: map[*connection]struct{}{}, shares: map[netip.Prefix]int{}, unproven: list.New(), resting: list.New(),
	}
}

// bounded accepts the connections for which there is room.
type bounded struct {
	net.Listener

	all *connections
}

// Accept closes at once what may not come in: without a handshake, which costs more than all else.
func (b bounded) Accept() (net.Conn, error) {
	for {
		accepted, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := b.all.admit(accepted); c != nil {
			return c, nil
		}
		accepted.Close()
	}
}

// admit takes a connection in, nil if it may not come.
func (a *connections) admit(accepted net.Conn) *connection {
	from := addressOf(accepted.RemoteAddr())
	exempt := edge.IsTrusted(from, a.exempt)
	c := &connection{Conn: accepted, all: a, group: edge.Group(from), answerable: !exempt}
	if !exempt && a.banned(c.group) {
		a.count(connectionsBan)
		return nil
	}
	victim, refused := a.enter(c, exempt)
	if victim != nil {
		a.count(connectionsRoom)
		victim.Close()
	}
	if refused != "" {
		a.count(refused)
		return nil
	}
	return c
}

// enter finds room for the connection, and names the one that has to make it.
func (a *connections) enter(c *connection, exempt bool) (victim *connection, refused string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !exempt && a.shares[c.group] >= a.perClient {
		return nil, connectionsShare
	}
	if len(a.open) >= a.max {
		if victim = a.victim(); victim == nil {
			return nil, connectionsFull
		}
		victim.answerable = false
		a.remove(victim)
	}
	a.open[c] = struct{}{}
	a.shares[c.group]++
	c.wait(a.unproven)
	return victim, ""
}

// victim is who has to make room, nil if all are busy.
func (a *connections) victim() *connection {
	longest := a.resting.Front()
	if longest == nil || a.unproven.Len() > a.max/4 {
		longest = a.unproven.Front()
	}
	if longest == nil {
		return nil
	}
	return longest.Value.(*connection) //nolint:forcetypeassert // nothing else is in the queues
}

// wait puts the connection at the end of a queue.
func (c *connection) wait(queue *list.List) { c.queue, c.place = queue, queue.PushBack(c) }

// work takes it out of there.
func (c *connection) work() {
	if c.place != nil {
		c.queue.Remove(c.place)
		c.place = nil
	}
}

// remove forgets a connection, and says whether it was there: it may be called more than once.
func (a *connections) remove(c *connection) bool {
	if _, open := a.open[c]; !open {
		return false
	}
	delete(a.open, c)
	c.work()
	if a.shares[c.group]--; a.shares[c.group] == 0 {
		delete(a.shares, c.group)
	}
	return true
}

// Close gives the room back.
func (c *connection) Close() error {
	c.all.mu.Lock()
	wasted := c.all.remove(c) && c.answerable
	c.all.mu.Unlock()
	if wasted {
		c.all.wasted(c.group)
	}
	return c.Conn.Close()
}

// begin says that a request is under way.
func (c *connection) begin() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.underway++
	c.answerable = false
	c.work()
}

// end says that it is over.
func (c *connection) end() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.underway--; c.underway > 0 {
		return
	}
	if _, open := c.all.open[c]; open {
		c.wait(c.all.resting)
	}
}

func (a *connections) size() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open)
}

// closeAll ends what is still open, WebSockets before all, which a server that stops does not know any more.
func (a *connections) closeAll() {
	a.mu.Lock()
	open := make([]*connection, 0, len(a.open))
	for c := range a.open {
		c.answerable = false
		open = append(open, c)
	}
	a.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// connectionKey is where the context of a request has its connection.
type connectionKey struct{}

// remember is for http.Server.ConnContext.
func remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, secured(c).NetConn())
}

// connectionOf is the connection of a request that the server has taken.
func connectionOf(ctx context.Context) *connection {
	return ctx.Value(connectionKey{}).(*connection) //nolint:forcetypeassert // put there by remember
}

// secured is a connection as the server of the API has it: it speaks nothing but TLS.
func secured(c net.Conn) *tls.Conn { return c.(*tls.Conn) } //nolint:forcetypeassert // made by http.Server.ServeTLS

// addressOf is the IP address of one end of a connection over TCP.
func addressOf(a net.Addr) netip.Addr {
	return a.(*net.TCPAddr).AddrPort().Addr() //nolint:forcetypeassert // the edge listens on TCP alone
}
