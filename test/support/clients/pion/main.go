// Two pion peers, relay only, that find the servers where browsers do:
//
//	pion-pair ICE_SERVERS_URL turn:udp|turn:tcp|turns:tcp     prints "back: 20" for 20 messages
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

const messages = 20

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func none(err error) { must(0, err) }

func servers(url, way string) []webrtc.ICEServer {
	scheme, transport, _ := strings.Cut(way, ":")
	answer := must(http.Get(url))
	defer answer.Body.Close()
	var found struct {
		ICEServers []webrtc.ICEServer `json:"iceServers"`
	}
	none(json.NewDecoder(answer.Body).Decode(&found))
	for _, server := range found.ICEServers {
		for _, one := range server.URLs {
			if strings.HasPrefix(one, scheme+":") && strings.HasSuffix(one, "transport="+transport) {
				server.URLs = []string{one}
				return []webrtc.ICEServer{server}
			}
		}
	}
	none(fmt.Errorf("no %s in what %s answered", way, url))
	return nil
}

func describe(connection *webrtc.PeerConnection, description webrtc.SessionDescription) webrtc.SessionDescription {
	gathered := webrtc.GatheringCompletePromise(connection)
	none(connection.SetLocalDescription(description))
	<-gathered
	return *connection.LocalDescription()
}

func main() {
	config := webrtc.Configuration{ICEServers: servers(os.Args[1], os.Args[2]), ICETransportPolicy: webrtc.ICETransportPolicyRelay}
	one, two := must(webrtc.NewPeerConnection(config)), must(webrtc.NewPeerConnection(config))
	two.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(message webrtc.DataChannelMessage) { none(channel.SendText(string(message.Data))) })
	})
	channel := must(one.CreateDataChannel("test", nil))
	back := make(chan string, messages)
	channel.OnMessage(func(message webrtc.DataChannelMessage) { back <- string(message.Data) })
	channel.OnOpen(func() {
		for number := range messages {
			none(channel.SendText(fmt.Sprint(number)))
		}
	})
	none(two.SetRemoteDescription(describe(one, must(one.CreateOffer(nil)))))
	none(one.SetRemoteDescription(describe(two, must(two.CreateAnswer(nil)))))
	for number := range messages {
		select {
		case message := <-back:
			if message != fmt.Sprint(number) {
				none(fmt.Errorf("found %s, wanted %d", message, number))
			}
		case <-time.After(40 * time.Second):
			none(fmt.Errorf("only %d messages came back", number))
		}
	}
	fmt.Println("back:", messages)
}
