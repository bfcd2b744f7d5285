// The first node of a lab's private DHT: node relay-lab-dht.mjs <address> <port>
import { Client } from 'bittorrent-dht';

const [address, port] = process.argv.slice(2);
new Client({ bootstrap: false }).listen(Number(port), address);
