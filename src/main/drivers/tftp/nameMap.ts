import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createDeferred, type Deferred } from '../../../shared/lifecycle/signals.ts'
import { requestLimits } from '../../protocols/tftp/frame.ts'

export interface OfferEntry {
  readonly name: string
  readonly bytes: Uint8Array
  completedReads: number
}

export interface SlotEntry {
  readonly name: string
  readonly maxBytes: number
  readonly arrival: Deferred<Uint8Array>
  busy: boolean
}

/** Everything a client can reach, by name. A client's path never goes anywhere else. */
export interface NameMap {
  addOffer(name: string, bytes: Uint8Array): OfferEntry
  addSlot(name: string, maxBytes: number): SlotEntry
  /** Exact, then what follows the last slash, then either without case. */
  findOffer(asked: string): OfferEntry | undefined
  findSlot(asked: string): SlotEntry | undefined
  has(entry: OfferEntry | SlotEntry): boolean
  offered(name: string): boolean
  /** The offer and the slot of exactly this name. */
  named(name: string): readonly (OfferEntry | SlotEntry)[]
  /** Says whether it was still there. A slot whose bytes have not arrived rejects. */
  removeEntry(entry: OfferEntry | SlotEntry): boolean
  closeSlots(why: string): void
}

export function createNameMap(): NameMap {
  const offers = new Map<string, OfferEntry>()
  const slots = new Map<string, SlotEntry>()
  const drop = (slot: SlotEntry, why: string): void => {
    slots.delete(slot.name)
    slot.arrival.reject(new WorkbenchError('link/closed', `The upload slot ${slot.name} was closed: ${why}`, { context: { name: slot.name } }))
  }
  return {
    addOffer: (name, bytes) => {
      checkName(name)
      const entry: OfferEntry = { name, bytes, completedReads: 0 }
      offers.set(name, entry)
      return entry
    },
    addSlot: (name, maxBytes) => {
      checkName(name)
      if (slots.has(name)) throw new WorkbenchError('input/conflict', `An upload named ${name} is already awaited`, { context: { name } })
      const entry: SlotEntry = { name, maxBytes, arrival: createDeferred(), busy: false }
      slots.set(name, entry)
      return entry
    },
    findOffer: (asked) => find(offers, asked),
    findSlot: (asked) => find(slots, asked),
    has: (entry) => offers.get(entry.name) === entry || slots.get(entry.name) === entry,
    offered: (name) => offers.has(name),
    named: (name) => [offers.get(name), slots.get(name)].filter((entry) => entry !== undefined),
    removeEntry: (entry) => {
      if (offers.get(entry.name) === entry) return offers.delete(entry.name)
      const slot = slots.get(entry.name)
      if (slot !== entry) return false
      drop(slot, 'it was removed')
      return true
    },
    closeSlots: (why) => { for (const slot of [...slots.values()]) drop(slot, why) },
  }
}

function find<T>(entries: ReadonlyMap<string, T>, asked: string): T | undefined {
  const base = asked.slice(asked.lastIndexOf('/') + 1)
  const exact = entries.get(asked) ?? entries.get(base)
  if (exact !== undefined) return exact
  const folded = [asked.toLowerCase(), base.toLowerCase()]
  return [...entries].find(([name]) => folded.includes(name.toLowerCase()))?.[1]
}

function checkName(name: string): void {
  if (name.length > 0 && name.length <= requestLimits.nameBytes && !name.includes('\0')) return
  throw new WorkbenchError('input/malformed', 'A TFTP name has 1 to 512 characters and no zero byte', { context: { lengthBytes: name.length } })
}
