// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bytes"
	"io"
	"net/netip"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// speak sends a request of HTTP/2 as it is given, and returns the status of the answer, or nothing if the stream, or the
// connection, was ended instead.
func (r *running) speak(source netip.Addr, f fields) (status string) {
	r.Helper()
	c := r.secured(source, "h2")
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		r.Fatalf("the protocol is %q", p)
	}
	_, err := io.WriteString(c, http2.ClientPreface)
	must(r, err)
	framer := http2.NewFramer(c, c)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	must(r, framer.WriteSettings())
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range f {
		must(r, encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}))
	}
	must(r, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true}))
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return ""
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = framer.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return ""
		}
	}
}
