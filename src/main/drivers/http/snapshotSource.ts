import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { exchangeOverHttp, type HttpAnswer } from './httpExchange.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { maxPictureBytes } from '../../../shared/pictures/pictures.schema.ts'

/** One picture from a camera. Whoever asks sets the limit of time; the limit of bytes is kept here, and no other address is ever asked. */
export async function fetchSnapshot(url: string, signal: AbortSignal): Promise<Uint8Array> {
  let answer: HttpAnswer
  try {
    answer = await exchangeOverHttp({ method: 'GET', url: new URL(url), headers: { accept: 'image/jpeg' }, maxAnswerBytes: maxPictureBytes }, signal)
  } catch (error) {
    if (signal.aborted) throw error
    if (errnoOf(error)?.startsWith('HPE_') === true) throw new WorkbenchError('link/garbled', 'What answers there does not speak HTTP', { hint: 'Check the address and the port', cause: error })
    throw new WorkbenchError('link/unreachable', `The camera cannot be asked for a picture: ${reasonOf(error)}`, { hint: 'Is it booted, and is the address right?', cause: error })
  }
  const { status, body, cut } = answer
  if (status >= 300 && status < 400) throw new WorkbenchError('link/garbled', `The camera points elsewhere for its picture (HTTP ${status}), and that is not followed`, { hint: 'Give the address of the picture itself' })
  if (status === 401 || status === 403) throw new WorkbenchError('device/refused', `The camera does not give its picture to everybody (HTTP ${status})`, { hint: 'Allow pictures without a password in its settings' })
  if (status !== 200) throw new WorkbenchError('device/refused', `The camera answers HTTP ${status} instead of a picture`, { hint: 'Check the path of the address' })
  if (cut) throw new WorkbenchError('input/too-large', `The camera sends more than ${maxPictureBytes / 1048576} MiB for one picture`, { hint: 'Is the address that of a video?' })
  return body
}
