import type { DatagramNetwork, Endpoint } from '../../src/shared/devices/datagram.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'

export interface PlainTftpServer {
  /** Each request as text, NUL shown as a bar. */
  readonly requests: string[]
  close(): Promise<void>
}

/** As little of a TFTP server as a camera needs: blksize, one packet at a time, repeats after a second. Every transfer has a port of its own. */
export async function openPlainTftpServer(network: DatagramNetwork, at: Endpoint, files: Readonly<Record<string, Uint8Array>>, clock: Clock): Promise<PlainTftpServer> {
  const requests: string[] = []
  const over = new AbortController()
  const door = await network.bind(at.address, at.port)
  const packet = (operation: number, block: number, body: Uint8Array): Uint8Array => Uint8Array.from([0, operation, (block >> 8) & 0xff, block & 0xff, ...body])

  const serve = async (bytes: Uint8Array, blockBytes: number, hasOptions: boolean, to: Endpoint): Promise<void> => {
    const socket = await network.bind(at.address, 0)
    const oack = Uint8Array.from([0, 6, ...new TextEncoder().encode(`blksize\0${blockBytes}\0`)])
    let block = hasOptions ? 0 : 1
    let sentMs = 0
    let finished = false
    const send = (): void => {
      sentMs = clock.nowMs()
      socket.send(block === 0 ? oack : packet(3, block, bytes.subarray((block - 1) * blockBytes, block * blockBytes)), to)
    }
    socket.onDatagram((ack) => {
      if (ack[1] !== 4 || ((ack[2]! << 8) | ack[3]!) !== (block & 0xffff)) return
      finished = block > 0 && bytes.length < block * blockBytes
      block += 1
      if (!finished) send()
    })
    send()
    while (!finished && !over.signal.aborted) {
      await clock.sleep(250, over.signal).catch(() => undefined)
      if (!finished && clock.nowMs() - sentMs > 1000) send()
    }
    await socket.close()
  }
  door.onDatagram((request, from) => {
    const text = new TextDecoder('latin1').decode(request)
    requests.push(text.slice(2).replaceAll('\0', '|'))
    const [name = '', , ...options] = text.slice(2).split('\0')
    const bytes = files[name]
    if (!bytes) { door.send(packet(5, 1, new TextEncoder().encode('File not found\0')), from); return }
    const wanted = options[options.indexOf('blksize') + 1]
    void serve(bytes, options.includes('blksize') ? Number(wanted) : 512, options.includes('blksize'), from)
  })
  return { requests, close: async () => { over.abort(); await door.close() } }
}
