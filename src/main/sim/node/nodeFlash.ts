import { createHash } from 'node:crypto'
import { versionInImage } from './nodeImage.ts'

export type SlotName = 'A' | 'B'
/** new: to be tried at the next start. pending: it runs, and one more restart takes it back. */
export type SlotState = 'empty' | 'new' | 'pending' | 'valid' | 'aborted'

export interface NodeSlot {
  readonly bytes: Uint8Array
  readonly state: SlotState
}

export interface NodeFlash {
  readonly running: SlotName
  slot(name: SlotName): NodeSlot
  /** Of what runs. */
  version(): string
  sha256Of(name: SlotName): string
  /** All of the other slot is erased first: a longer image would leave its end behind. */
  begin(): NodeWriter
  confirm(): void
  /** What the boot loader does; says whether it took an image back. */
  boot(): { readonly fellBack: boolean; readonly badSha256?: string; readonly badVersion?: string }
}

export interface NodeWriter {
  write(piece: Uint8Array): void
  sha256(): string
  /** Checks the image and makes it the one to start; false when it is none. */
  end(): boolean
  abort(): void
}

/** Two places for firmware, and the boot loader's rules about which of them starts. */
export function createNodeFlash(factory: Uint8Array): NodeFlash {
  const slots: Record<SlotName, NodeSlot> = { A: { bytes: factory, state: 'valid' }, B: { bytes: new Uint8Array(), state: 'empty' } }
  let running: SlotName = 'A'
  let chosen: SlotName = 'A'
  const other = (name: SlotName): SlotName => (name === 'A' ? 'B' : 'A')
  const sha256Of = (name: SlotName): string => createHash('sha256').update(slots[name].bytes).digest('hex')
  return {
    get running() { return running },
    slot: (name) => slots[name],
    version: () => versionInImage(slots[running].bytes) ?? 'unknown',
    sha256Of,
    begin: () => {
      const target = other(running)
      slots[target] = { bytes: new Uint8Array(), state: 'empty' }
      chosen = running
      const pieces: Uint8Array[] = []
      const hash = createHash('sha256')
      return {
        write: (piece) => { pieces.push(piece); hash.update(piece) },
        sha256: () => hash.copy().digest('hex'),
        end: () => {
          const bytes = new Uint8Array(Buffer.concat(pieces))
          if (versionInImage(bytes) === undefined) return false
          slots[target] = { bytes, state: 'new' }
          chosen = target
          return true
        },
        abort: () => { pieces.length = 0 },
      }
    },
    confirm: () => { slots[running] = { ...slots[running], state: 'valid' } },
    boot: () => {
      const { bytes, state } = slots[chosen]
      if (state === 'pending') {
        const bad = { badSha256: sha256Of(chosen), badVersion: versionInImage(bytes) ?? 'unknown' }
        slots[chosen] = { bytes, state: 'aborted' }
        chosen = other(chosen)
        running = chosen
        return { fellBack: true, ...bad }
      }
      if (state === 'new') slots[chosen] = { bytes, state: 'pending' }
      running = chosen
      return { fellBack: false }
    },
  }
}
