import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Cv6xxImage } from '../../protocols/bootrom/cv6xxImage.ts'
import { bootBaudRate, cv6xxAddress } from '../../protocols/bootrom/frame.ts'
import { type BoardAnswer, isText, parseBoardAnswer, parseCv6xxGreeting } from '../../protocols/bootrom/parser.ts'
import { encodeBoardQuery, encodeCv6xxHello } from '../../protocols/bootrom/writer.ts'
import type { BootLine } from './bootLine.ts'
import { greet } from './handshake.ts'
import { type AreaSession, sendArea } from './v500Session.ts'

export const cv6xxHelloEveryMs = 10
const afterGreetingMs = 500
const boardAnswerMs = 2_000
const boardAnswerLimitBytes = 4096
/** The memory is trained, and the camera tells about it. */
const trainingMs = 1_500
const trainingTextChars = 256

export interface Cv6xxOptions {
  /** What the person says the board is, for boards that do not answer. */
  readonly boardId: number | undefined
}

/** Hello, GSL, board query, DDR table, U-Boot. `device/no-answer` when neither board nor person says which table is right. */
export async function runCv6xxSession(session: AreaSession, image: Cv6xxImage, options: Cv6xxOptions, signal: AbortSignal): Promise<{ readonly boardId: number; readonly cpuId: number | undefined }> {
  const { line, track } = session
  const { clock } = line
  track.enter('handshake', 'Waiting for the boot ROM')
  await greet({
    ...session.waiting, line, hello: encodeCv6xxHello(bootBaudRate), everyMs: cv6xxHelloEveryMs, whom: 'a CV6xx boot ROM', recognise: parseCv6xxGreeting,
  }, signal)
  session.onCaught()
  await clock.sleep(afterGreetingMs, signal)
  track.complete()
  track.enter('gsl', 'Sending the GSL', image.gsl.length)
  await sendArea(session, 'GSL', image.gsl, cv6xxAddress.gsl, signal)

  track.enter('board_id', 'Asking which board it is')
  const answer = await askBoard(line, signal)
  const boardId = chooseBoard(answer, options.boardId, track.warn)
  track.complete()
  const table = image.ddrTable(boardId)
  track.enter('ddr_table', `Sending DDR table ${table.index + 1} of ${image.tableCount} for board ${boardId}`, table.bytes.length)
  await sendArea(session, 'DDR table', table.bytes, cv6xxAddress.ram, signal)
  track.enter('ddr_training', 'Training the memory')
  const said = await listen(line, signal)
  if (said !== '') track.enter('ddr_training', said)
  track.complete()
  track.enter('uboot', 'Sending U-Boot', image.uboot.length)
  await sendArea(session, 'U-Boot', image.uboot, cv6xxAddress.ram, signal)
  return { boardId, cpuId: answer?.cpuId }
}

/** A good answer at once; after the time an answer that only has the shape; `undefined` for none. */
async function askBoard(line: BootLine, signal: AbortSignal): Promise<BoardAnswer | undefined> {
  line.discard()
  await line.write(encodeBoardQuery(Math.floor(line.clock.wallMs() / 1000)), signal)
  const endMs = line.clock.nowMs() + boardAnswerMs
  const received: number[] = []
  for (;;) {
    const byte = await line.next(endMs, signal)
    if (byte !== undefined) received.push(byte)
    if (byte !== undefined && line.waitingBytes > 0) continue
    const answer = parseBoardAnswer(Uint8Array.from(received))
    if (byte === undefined || answer?.checked === true) return answer
    if (received.length > boardAnswerLimitBytes) received.splice(0, boardAnswerLimitBytes / 2)
  }
}

/** A wrong table hangs the memory, so nothing is taken for granted silently. */
function chooseBoard(answer: BoardAnswer | undefined, told: number | undefined, warn: (message: string) => void): number {
  if (!answer) {
    if (told === undefined) {
      throw new WorkbenchError('device/no-answer', 'The board did not say which one it is, so its DDR table is not known', {
        context: { stage: 'board_id' }, hint: 'Give the board id (0 is the reference board); a wrong one hangs the camera until its power is cut',
      })
    }
    warn(`The board did not say which one it is; board ${told} is taken as told`)
    return told
  }
  if (!answer.checked) warn(`The check sum of the board's answer does not fit; it seems to be board ${answer.boardId}`)
  if (told !== undefined && told !== answer.boardId) warn(`The board says that it is board ${answer.boardId}, not ${told}`)
  return answer.boardId
}

async function listen(line: BootLine, signal: AbortSignal): Promise<string> {
  const endMs = line.clock.nowMs() + trainingMs
  let text = ''
  for (let byte = await line.next(endMs, signal); byte !== undefined; byte = await line.next(endMs, signal)) {
    if (isText(byte) || byte === 0x20) text = (text + String.fromCharCode(byte)).slice(-trainingTextChars)
  }
  return text.trim()
}
