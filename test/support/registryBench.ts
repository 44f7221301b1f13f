import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { hashText } from '../../src/main/composition/auditDesk.ts'
import { type OpenRegistry, openRegistry, sourceOf } from '../../src/main/composition/registryDesk.ts'
import { type AuditLog, createAuditLog, createMemoryAuditStore } from '../../src/main/core/audit/auditLog.ts'
import { openRegistryDoor, type RegistryDoor } from '../../src/main/drivers/http/registryDoor.ts'
import type { DiskCalls } from '../../src/main/drivers/storage/diskCalls.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { createRealClock } from './realClock.ts'

export const noSignal = new AbortController().signal
export const leastBytes = 262_144

export interface RegistryBench {
  readonly folder: string
  readonly registry: OpenRegistry
  readonly audit: AuditLog
  readonly logged: string[]
  /** Another process with the same folder, or the next one. */
  reopen(): Promise<OpenRegistry>
  door(token?: string): Promise<RegistryDoor>
}

export async function openBench({ clock = createRealClock(), folder: given, auditFault, disk, maxBytes }: { readonly clock?: Clock; readonly folder?: string; readonly auditFault?: () => void; readonly disk?: DiskCalls; readonly maxBytes?: number } = {}): Promise<RegistryBench> {
  const folder = given ?? await mkdtemp(join(tmpdir(), 'rackbench-registry-'))
  if (given === undefined) onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const logged: string[] = []
  const log = (line: string): void => { logged.push(line) }
  const audit = createAuditLog({ store: createMemoryAuditStore(auditFault), clock, who: { host: 'test', user: 'lab' }, hashText, log })
  const open = async (): Promise<OpenRegistry> => {
    const opened = await openRegistry({ folder, clock, audit, who: 'lab', log, maxBytes, ...(disk ? { disk } : {}) })
    onTestFinished(() => { opened.close() })
    return opened
  }
  const registry = await open()
  return {
    folder, registry, audit, logged, reopen: open,
    door: async (token = 'operator-token') => {
      const door = await openRegistryDoor({ source: sourceOf(registry), clock: createRealClock(), address: '127.0.0.1', port: 0, token, log })
      onTestFinished(async () => door.close())
      return door
    },
  }
}

export async function* inPieces(bytes: Uint8Array, pieceBytes = 65_536): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) { await Promise.resolve(); yield bytes.subarray(at, at + pieceBytes) }
}

/** A firmware of these bytes, as a file would tell of it. */
export const fileOf = (name: string, bytes: Uint8Array, sidecar?: string): Parameters<OpenRegistry['add']>[1] => ({ name, sizeBytes: bytes.length, sidecar, pieces: () => inPieces(bytes) })

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly json: Record<string, unknown>
}

export async function ask(url: string, { method = 'GET', headers = {}, body }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false, headers: { ...headers, ...(body ? { 'content-length': String(body.length) } : {}), connection: 'close' } })
    asked.on('error', reject)
    asked.on('response', (response) => {
      const pieces: Uint8Array[] = []
      response.on('data', (piece: Uint8Array) => { pieces.push(piece) })
      response.on('error', reject)
      response.on('end', () => {
        const whole = Buffer.concat(pieces)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, get json() { return JSON.parse(whole.toString()) as Record<string, unknown> } })
      })
    })
    asked.end(body)
  })
}

/** What is on the wire, byte for byte, as a node with a socket and no library reads it. */
export async function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const pieces: Uint8Array[] = []
    socket.on('data', (piece: Uint8Array) => { pieces.push(piece) })
    socket.on('error', reject)
    socket.on('close', () => { resolve(Buffer.concat(pieces).toString('latin1')) })
    socket.end(text)
  })
}
