import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type CaptureDisk, createCaptureDisk } from '../../src/main/drivers/storage/captures/captureDisk.ts'
import { type CaptureStore, openCaptureStore, type RemovalEnd } from '../../src/main/drivers/storage/captures/captureStore.ts'
import { readSession, type ReadFrom, type SessionPiece } from '../../src/main/drivers/storage/captures/sessionReader.ts'
import { type CaptureSettings, captureSettingsSchema, type SessionId } from '../../src/shared/captures/captures.schema.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export const never = new AbortController().signal
export const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
export const bytes = (words: string): Uint8Array => Uint8Array.from(words, (letter) => letter.charCodeAt(0))
export const gate = { id: 'cam-1' as CameraId, name: 'Gate', chip: 'hi3516ev300' }

/** A disk in a real folder that holds so many bytes and no more, as a small partition would. */
export interface SmallDisk extends CaptureDisk {
  roomBytes: number
  freeSaid: number
  /** Writes wait for it, as on a disk that thinks. */
  ready: Promise<void>
}
export function createSmallDisk(): SmallDisk {
  const real = createCaptureDisk()
  const disk: SmallDisk = {
    roomBytes: Infinity, freeSaid: 1e12, ready: Promise.resolve(),
    freeBytes: async () => disk.freeSaid,
    remove: async (path) => real.remove(path),
    create: async (path) => {
      const file = await real.create(path)
      return {
        close: async () => file.close(),
        write: async (parts, position) => {
          await disk.ready
          const length = parts.reduce((sum, part) => sum + part.length, 0)
          if (length > disk.roomBytes) {
            // What fits lands, as on a real one.
            const [first] = parts
            if (first && disk.roomBytes > 0) await file.write([first.subarray(0, disk.roomBytes)], position)
            disk.roomBytes = 0
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
          }
          disk.roomBytes -= length
          await file.write(parts, position)
        },
      }
    },
  }
  return disk
}

export interface CaptureBench {
  readonly folder: string
  readonly clock: VirtualClock
  readonly disk: SmallDisk
  readonly lines: string[]
  open(settings?: Record<string, unknown>, self?: string, beforeRemove?: (files: number, bytes: number) => RemovalEnd, readSettings?: () => Promise<CaptureSettings>): CaptureStore
  close(store: CaptureStore): Promise<void>
}

export function captureBench(isAlive: (process: string) => boolean = () => false): CaptureBench {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-captures-'))
  const clock = createVirtualClock()
  const disk = createSmallDisk()
  const lines: string[] = []
  const opened = new Set<CaptureStore>()
  const close = async (store: CaptureStore): Promise<void> => { opened.delete(store); await store.close() }
  onTestFinished(async () => {
    for (const store of [...opened]) await close(store)
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder, clock, disk, lines, close,
    open: (settings = {}, self = 'me', beforeRemove = () => () => undefined, readSettings) => {
      const store = openCaptureStore({ folder, clock, disk, self, isAlive, beforeRemove, ...(readSettings ? { readSettings } : {}), log: (line) => { lines.push(line) }, settings: captureSettingsSchema.parse({ reserveBytes: 0, ...settings }) })
      opened.add(store)
      return store
    },
  }
}

export async function piecesOf(store: CaptureStore, session: SessionId | undefined, from: ReadFrom = {}): Promise<SessionPiece[]> {
  const pieces: SessionPiece[] = []
  for await (const piece of readSession(await store.parts(session), from, never)) pieces.push({ ...piece, bytes: piece.bytes.slice() })
  return pieces
}

/** `rx:hello` and marks by their name. */
export const story = (pieces: readonly SessionPiece[]): string[] => pieces.map(({ kind, bytes: of, droppedBytes }) => (kind === 'rx' || kind === 'tx' ? `${kind}:${text(of)}` : droppedBytes > 0 ? `${kind}:${droppedBytes}` : kind))
