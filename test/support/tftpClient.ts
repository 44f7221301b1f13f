import type { DatagramNetwork, DatagramSocket, Endpoint } from '../../src/shared/devices/datagram.ts'
import { type Clock, withDeadline } from '../../src/shared/lifecycle/clock.ts'
import { joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'

export interface ClientWish {
  readonly name: string
  readonly options?: Readonly<Record<string, number>>
  /** U-Boot waits 5 s for each packet. */
  readonly waitMs?: number
  readonly address?: string
  readonly mode?: string
}

export type ClientEnd =
  | { readonly kind: 'done'; readonly bytes: Uint8Array; readonly options: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly number: number; readonly message: string }
  | { readonly kind: 'gave-up' }

const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, (block >> 8) & 255, block & 255)
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
export const bytesOfText = (words: string): Uint8Array => Uint8Array.from(words, (letter) => letter.charCodeAt(0))
export function requestOf(opcode: 1 | 2, { name, options = {}, mode = 'octet' }: ClientWish): Uint8Array {
  return bytesOfText(`\0${String.fromCharCode(opcode)}${name}\0${mode}\0${Object.entries(options).map(([key, value]) => `${key}\0${value}\0`).join('')}`)
}

interface Mail { readonly bytes: Uint8Array; readonly from: Endpoint }

export interface ClientSocket {
  readonly socket: DatagramSocket
  readonly mails: Mail[]
  next(waitMs: number): Promise<Mail | undefined>
}

/** A socket to read from in order. */
export async function openClient(network: DatagramNetwork, clock: Clock, address = '10.0.0.20'): Promise<ClientSocket> {
  const socket = await network.bind(address, 0)
  const mails: Mail[] = []
  let wake = (): void => undefined
  socket.onDatagram((bytes, from) => { mails.push({ bytes, from }); wake() })
  return {
    socket,
    mails,
    /** The next packet, or `undefined` after so long. */
    next: async (waitMs: number): Promise<Mail | undefined> => {
      const first = mails.shift()
      if (first) return first
      const arrival = new Promise<void>((resolve) => { wake = resolve })
      await withDeadline(clock, waitMs, 'mail', new AbortController().signal, async () => arrival).catch(() => undefined)
      return mails.shift()
    },
  }
}

/** Written for the tests after the RFCs, and independent of our own codec. It never repeats more than a fifth of a minute. */
export async function fetchByTftp(network: DatagramNetwork, clock: Clock, server: Endpoint, wish: ClientWish): Promise<ClientEnd> {
  const client = await openClient(network, clock, wish.address)
  const parts: Uint8Array[] = []
  let options: Record<string, string> = {}
  let peer = server
  let last = requestOf(1, wish)
  let got = 0
  let inWindow = 0
  let blockBytes = 512
  let windowBlocks = 1
  const say = (bytes: Uint8Array): void => { last = bytes; client.socket.send(bytes, peer) }
  try {
    say(last)
    for (let silent = 0; silent < 12;) {
      const mail = await client.next(wish.waitMs ?? 5_000)
      if (!mail) { silent += 1; inWindow = 0; client.socket.send(last, peer); continue }
      const { bytes, from } = mail
      if (got > 0 && from.port !== peer.port) continue
      if (bytes[1] === 5) return { kind: 'refused', number: (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0), message: text(bytes.subarray(4, -1)) }
      peer = from
      if (bytes[1] === 6 && got === 0) {
        const words = text(bytes.subarray(2)).split('\0')
        options = Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 && word ? [[word, words[at + 1] ?? '']] : [])))
        blockBytes = Number(options['blksize'] ?? 512)
        windowBlocks = Number(options['windowsize'] ?? 1)
        say(ack(0))
        continue
      }
      if (bytes[1] !== 3) continue
      const block = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)
      const distance = (block - got) & 0xffff
      if (distance === 1) {
        silent = 0
        got += 1
        inWindow += 1
        parts.push(bytes.subarray(4))
        const isLast = bytes.length - 4 < blockBytes
        if (isLast || inWindow >= windowBlocks) { inWindow = 0; say(ack(got & 0xffff)) }
        if (isLast) return { kind: 'done', bytes: joinBytes(parts), options }
      // RFC 7440: behind a gap, say what is missing; RFC 1350: a doubled block is acknowledged again.
      } else if (distance <= windowBlocks || distance === 0) { inWindow = 0; say(ack(got & 0xffff)) }
    }
    return { kind: 'gave-up' }
  } finally {
    await client.socket.close()
  }
}

/** The other direction. */
export async function sendByTftp(network: DatagramNetwork, clock: Clock, server: Endpoint, wish: ClientWish, content: Uint8Array): Promise<ClientEnd> {
  const client = await openClient(network, clock, wish.address)
  let peer = server
  let begun = false
  let acked = 0
  let blockBytes = 512
  let windowBlocks = 1
  let lastBlock = Math.floor(content.length / blockBytes) + 1
  const sendWindow = (): void => {
    for (let block = acked + 1; block <= Math.min(acked + windowBlocks, lastBlock); block += 1) {
      client.socket.send(Uint8Array.of(0, 3, (block >> 8) & 255, block & 255, ...content.subarray((block - 1) * blockBytes, block * blockBytes)), peer)
    }
  }
  const repeat = (): void => { if (begun) sendWindow(); else client.socket.send(requestOf(2, wish), peer) }
  try {
    repeat()
    for (let silent = 0; silent < 12;) {
      const mail = await client.next(wish.waitMs ?? 5_000)
      if (!mail) { silent += 1; repeat(); continue }
      const { bytes, from } = mail
      if (bytes[1] === 5) return { kind: 'refused', number: (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0), message: text(bytes.subarray(4, -1)) }
      peer = from
      if (bytes[1] === 6 && !begun) {
        const words = text(bytes.subarray(2)).split('\0')
        const value = (name: string): number | undefined => (words.includes(name) ? Number(words[words.indexOf(name) + 1]) : undefined)
        blockBytes = value('blksize') ?? 512
        windowBlocks = value('windowsize') ?? 1
        lastBlock = Math.floor(content.length / blockBytes) + 1
        begun = true
        sendWindow()
      } else if (bytes[1] === 4) {
        const ahead = ((bytes[2] ?? 0) * 256 + (bytes[3] ?? 0) - acked) & 0xffff
        if (!begun) { begun = true; sendWindow() }
        else if (ahead > 0 && ahead <= windowBlocks) {
          silent = 0
          acked += ahead
          if (acked >= lastBlock) return { kind: 'done', bytes: content, options: {} }
          sendWindow()
        }
      }
    }
    return { kind: 'gave-up' }
  } finally {
    await client.socket.close()
  }
}
