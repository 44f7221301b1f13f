import type { powerEdges } from '../../../shared/captures/captures.schema.ts'
import type { Arrival } from '../../../shared/devices/transport.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'

export type PowerEdge = (typeof powerEdges)[number]

/** Told of everything that passes on one console, in order and at once. Never throws and never waits: it may be in the way of nobody. */
export interface ConsoleTap {
  /** Without arrivals all of it came now. */
  received(bytes: Uint8Array, arrivals?: readonly Arrival[]): void
  /** Before it leaves, so that no answer comes before its question. */
  sent(bytes: Uint8Array): void
  /** The line went away, or was let go; what the camera says from now on nobody hears. */
  lost(): void
  found(): void
  /** More would soon be dropped. Only while writing goes on: captures that are paused hold nobody back. */
  isFull(): boolean
}

export interface CapturedConsole extends ConsoleTap {
  /** What happened to the camera's power. */
  power(edge: PowerEdge): void
  /** What it draws from now on; `undefined` where nobody can tell any more. */
  draw(watts: number | undefined): void
  /** Resolves when all that was told is on disk, or cannot be. */
  close(): Promise<void>
}

/** Where all consoles are kept. A full or broken disk is its own business: it pauses, says so, and goes on later. */
export interface CaptureLog {
  open(camera: { readonly id: CameraId; readonly name: string; readonly chip: string }): CapturedConsole
}
