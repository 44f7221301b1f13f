import { join } from 'node:path'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createCaptureDisk } from '../drivers/storage/captures/captureDisk.ts'
import { type CaptureStore, openCaptureStore } from '../drivers/storage/captures/captureStore.ts'
import { loadCaptureSettings } from '../drivers/storage/captures/settingsFile.ts'
import { describeSelf, isAlive } from '../drivers/storage/processIdentity.ts'

export interface CaptureDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly log: (line: string) => void
}

/** Everything that consoles ever said: kept, found again, handed out. */
export interface CaptureDesk {
  readonly store: CaptureStore
  /** After the consoles are closed. */
  close(): Promise<void>
}

export function createCaptureDesk({ clock, dataFolder, log }: CaptureDeskDeps): CaptureDesk {
  const store = openCaptureStore({
    folder: join(dataFolder, 'captures'), settings: loadCaptureSettings(join(dataFolder, 'captures.json')), clock, disk: createCaptureDisk(),
    self: describeSelf(), isAlive, log,
  })
  return { store, close: async () => store.close() }
}
