import { createServer, type Server, type ServerResponse } from 'node:http'
import type { SimSnapshot } from './scene.ts'
import type { SimPodHandle } from './simRack.ts'

const endlessBytes = 50 * 1024 * 1024
const pieceBytes = 64 * 1024

/** The web servers of all cameras of a rack behind one port: camera k answers at `/k/image.jpg`. */
export function createSnapshotHttp(pods: readonly Pick<SimPodHandle, 'snapshot'>[]): Server {
  return createServer((request, response) => {
    const pod = pods[Number(/^\/(\d{1,4})\/image\.jpg$/.exec(request.url ?? '')?.[1] ?? 0) - 1]
    if (!pod || request.method !== 'GET') { response.writeHead(404).end('not found\n'); return }
    answer(response, pod.snapshot())
  })
}

function answer(response: ServerResponse, snapshot: SimSnapshot): void {
  // A camera that is not up takes no connection; behind a port that is shared it can only keep quiet.
  if (snapshot === 'silent') return
  if (snapshot === 'text') { response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Log in</body></html>\n'); return }
  if (snapshot === 'endless') { response.writeHead(200, { 'content-type': 'image/jpeg' }); pour(response, endlessBytes); return }
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': snapshot.jpeg.length, 'cache-control': 'no-store' }).end(snapshot.jpeg)
}

function pour(response: ServerResponse, leftBytes: number): void {
  if (leftBytes <= 0) { response.end(); return }
  if (!response.destroyed) response.write(Buffer.alloc(pieceBytes, 0x55), () => { pour(response, leftBytes - pieceBytes) })
}
