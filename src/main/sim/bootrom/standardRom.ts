import type { RomLayout, RomQuirks, RomUpload } from './romOptions.ts'
import type { RomPort } from './romPort.ts'
import { serveTransfers } from './romTransfers.ts'

const markers = new Uint8Array(5).fill(0x20)
const roundMs = 20
const trainingMs = 200

export type RomEnd = 'loaded' | 'from-flash'

export interface RomLife {
  readonly port: RomPort
  readonly layout: RomLayout
  readonly quirks: RomQuirks
  /** Counts from 1. */
  readonly start: number
  /** A chip without a program in flash asks for ever. */
  readonly isBlank: () => boolean
  readonly onUpload: (upload: RomUpload) => void
}

/** Markers, and then whatever is sent to it. */
export async function runStandardRom(life: RomLife): Promise<RomEnd> {
  for (;;) {
    if (!await wasAnswered(life)) return 'from-flash'
    if (await takeUploads(life) === 'loaded') return 'loaded'
  }
}

async function wasAnswered({ port, quirks, isBlank }: RomLife): Promise<boolean> {
  const endMs = port.clock.nowMs() + (quirks.windowMs ?? 100)
  do {
    port.say(markers)
    const roundEndMs = port.clock.nowMs() + roundMs
    for (let event = await port.next(roundEndMs); event; event = await port.next(roundEndMs)) if (event.kind === 'ack') return true
  } while (port.clock.nowMs() < endMs || isBlank())
  return false
}

async function takeUploads({ port, layout, quirks, start, onUpload }: RomLife): Promise<'loaded' | 'restarted'> {
  const tailIsSilent = (kind: 'step' | 'spl' | 'payload'): boolean => quirks.silentTails?.includes(kind) ?? false
  const hangsIn = (kind: 'step' | 'spl'): boolean => quirks.hangs?.in === kind && start <= quirks.hangs.starts
  let awake = quirks.wantsBlast !== true
  let memoryReady = false
  let splRan = false
  return serveTransfers<'loaded' | 'restarted'>(port, quirks, {
    rejects: false,
    takesHead: ({ afterAck }) => (awake ||= afterAck),
    // Past the window the boot ROM writes over its own memory, faults and starts again.
    onData: (address, receivedBytes) => (address === layout.splAddress && receivedBytes > layout.sramBytes ? { end: 'restarted' } : undefined),
    onUpload: async (upload) => {
      onUpload(upload)
      if (upload.address === layout.stepAddress) {
        if (hangsIn('step')) await port.hang()
        memoryReady = true
        return { silent: tailIsSilent('step'), afterwards: async () => { if (quirks.asksAgain === true) port.say(markers) } }
      }
      if (upload.address === layout.splAddress && memoryReady) {
        if (hangsIn('spl')) await port.hang()
        splRan = true
        return { silent: tailIsSilent('spl'), afterwards: async () => {
          await port.clock.sleep(trainingMs, port.signal)
          port.forget()
          awake = quirks.wantsBlast !== true
        } }
      }
      if (upload.address === layout.payloadAddress && splRan) return { silent: tailIsSilent('payload'), end: 'loaded' }
      return port.hang()
    },
  })
}
