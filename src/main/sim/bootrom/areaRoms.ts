import { sumOf } from './romFrames.ts'
import type { RomPort } from './romPort.ts'
import { serveTransfers } from './romTransfers.ts'
import type { RomEnd, RomLife } from './standardRom.ts'

const listensMs = 400
const trainingText = '\r\nDDR init start\r\nDDR type 3, 1866 MT/s\r\ndone\r\n'

/** Waits for its hello, answers with its id, then takes three areas. */
export async function runV500Rom({ port, layout, quirks, isBlank, onUpload }: RomLife): Promise<RomEnd> {
  if (!await heardHello(port, 'v500-hello', isBlank)) return 'from-flash'
  const answer = new Uint8Array(14)
  answer.set([0xbd, 0x00, 0xff, 0x01])
  const view = new DataView(answer.buffer)
  view.setUint32(8, quirks.chipId ?? 0x7205_0500)
  view.setUint16(12, sumOf(answer.subarray(0, 12)))
  port.say(answer.subarray(0, 7))
  if (quirks.answerInTwo === true) await port.clock.sleep(30, port.signal)
  port.say(answer.subarray(7))
  port.forget()
  let memoryReady = false
  return serveTransfers<RomEnd>(port, quirks, {
    rejects: true,
    takesHead: () => true,
    onUpload: async (upload) => {
      onUpload(upload)
      if (upload.address === layout.splAddress) memoryReady = true
      if (upload.address !== layout.payloadAddress) return {}
      if (!memoryReady) await port.hang()
      return { end: 'loaded' }
    },
  })
}

/** Waits for its hello, tells how it boots, takes GSL, DDR table and U-Boot, and tells between them which board it is. */
export async function runCv6xxRom({ port, layout, quirks, isBlank, onUpload }: RomLife): Promise<RomEnd> {
  if (!await heardHello(port, 'cv6xx-hello', isBlank)) return 'from-flash'
  port.say(new TextEncoder().encode('\r\nboot from uart ddr\r\n'))
  await port.clock.sleep(100, port.signal)
  port.forget()
  let gslRan = false
  let memoryReady = false
  return serveTransfers<RomEnd>(port, quirks, {
    rejects: true,
    takesHead: () => true,
    onOther: ({ kind }) => { if (kind === 'board-query' && gslRan) sayBoard(port, quirks.board ?? { cpuId: 0x61, boardId: 0 }) },
    onUpload: async (upload) => {
      onUpload(upload)
      if (upload.address === layout.stepAddress) { gslRan = true; return {} }
      if (upload.address !== layout.payloadAddress || !gslRan) await port.hang()
      if (memoryReady) return { end: 'loaded' }
      memoryReady = true
      return { afterwards: async () => {
        port.say(new TextEncoder().encode(trainingText))
        await port.clock.sleep(800, port.signal)
        port.forget()
      } }
    },
  })
}

function sayBoard(port: RomPort, board: { readonly cpuId: number; readonly boardId: number; readonly wrongCrc?: boolean } | 'silent'): void {
  if (board === 'silent') return
  const answer = new Uint8Array(11)
  answer.set([0xce, board.cpuId])
  const view = new DataView(answer.buffer)
  view.setUint32(4, board.boardId)
  view.setUint16(8, sumOf(answer.subarray(0, 8)) ^ (board.wrongCrc === true ? 1 : 0))
  answer[10] = 0xaa
  port.say(answer)
}

async function heardHello(port: RomPort, kind: 'v500-hello' | 'cv6xx-hello', isBlank: () => boolean): Promise<boolean> {
  const endMs = port.clock.nowMs() + listensMs
  do {
    const event = await port.next(isBlank() ? Infinity : endMs)
    if (event?.kind === kind) return true
  } while (port.clock.nowMs() < endMs || isBlank())
  return false
}
