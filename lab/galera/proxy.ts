import { randomInt } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Galera, GaleraNode } from './nodes.js';

/**
 * What stands between an app and its cluster: hands each connection to a node that is in step. `spread`: to any, so that
 * the statements of one login run on different nodes. `one`: all to the same one, until it is lost.
 */
export class Proxy {
  /** Connections that went to each node. */
  readonly served = new Map<GaleraNode, number>();
  private readonly eligible: Set<GaleraNode>;
  private readonly sockets = new Map<Socket, GaleraNode>();

  private constructor(
    private readonly server: Server,
    nodes: readonly GaleraNode[],
    private readonly way: 'spread' | 'one',
  ) {
    this.eligible = new Set(nodes);
    server.on('connection', (socket: Socket) => {
      this.serve(socket);
    });
  }

  static async open(galera: Galera, way: 'spread' | 'one'): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Proxy(server, galera.nodes, way);
  }

  url(database: string): string {
    return `mysql://root@127.0.0.1:${(this.server.address() as AddressInfo).port}/${database}`;
  }

  /** The node that a new connection goes to. */
  get target(): GaleraNode {
    const nodes = [...this.eligible];
    return nodes[this.way === 'one' ? 0 : randomInt(nodes.length)]!;
  }

  /** As the check of a proxy does it, some time after the node is lost: its connections are broken off. */
  drop(node: GaleraNode): void {
    this.eligible.delete(node);
    for (const [socket, at] of this.sockets) if (at === node) socket.destroy();
  }

  take(node: GaleraNode): void {
    this.eligible.add(node);
  }

  close(): void {
    for (const socket of this.sockets.keys()) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    const node = this.target;
    this.served.set(node, (this.served.get(node) ?? 0) + 1);
    const there = connect(node.port, '127.0.0.1');
    this.sockets.set(socket, node);
    for (const [one, other] of [
      [socket, there],
      [there, socket],
    ] as const) {
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        this.sockets.delete(socket);
      });
    }
  }
}
