import { onScopeDispose, ref, shallowRef } from 'vue'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { defaultTyping, type LineAbilities, type LineWish, type Typing } from '../../../shared/consoles/consoles.schema.ts'
import { Cancelled, type WireError } from '../../../shared/errors/workbenchError.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'
import { useViewerStore } from '../../stores/viewer.ts'
import { endOf, linesToSend, piecesOf, rawPieces, sendPaced } from './pacedSend.ts'
import { tellInto } from './tellInto.ts'

/** More than this is a job for TFTP: at 115200 baud it takes a quarter of an hour. */
export const maxFileBytes = 8 * 1024 * 1024

export interface Progress { readonly what: string; readonly sent: number; readonly total: number }

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- refs, as Vue infers them
export function useSending(cameraId: CameraId) {
  const { client } = useWorkbench()
  const who = useViewerStore()
  const problem = shallowRef<WireError>()
  const typing = ref<Typing>(defaultTyping)
  const abilities = shallowRef<LineAbilities>()
  const progress = shallowRef<Progress>()
  let stop: AbortController | undefined
  // Keys keep their order although each goes as its own call.
  let last: Promise<unknown> = Promise.resolve()

  const tell = tellInto(problem)
  const call = async (text: string, encoding: Typing['encoding']): Promise<unknown> => await client.consoles.type({ cameraId, text, viewer: who.viewer, ...(encoding === 'utf-8' ? {} : { encoding }) })
  function typed(text: string): void {
    for (const piece of piecesOf([text], false)) last = last.then(async () => await tell(async () => await call(piece, typing.value.encoding)))
  }
  const sendLine = (text: string): void => { typed(text + endOf(typing.value)) }

  async function run(what: string, pieces: readonly string[], pauseMs: number, encoding: Typing['encoding']): Promise<void> {
    if (progress.value) return
    const own = new AbortController()
    stop = own
    progress.value = { what, sent: 0, total: pieces.length }
    await tell(async () => {
      await sendPaced({ pieces, pauseMs, signal: own.signal, send: async (piece) => { await call(piece, encoding) }, onSent: (sent) => { progress.value = { what, sent, total: pieces.length } } })
    })
    progress.value = undefined
  }
  const paste = async (text: string, pauseMs: number, perLetter: boolean): Promise<void> => {
    await run('Pasting', piecesOf(linesToSend(text, typing.value), perLetter), pauseMs, typing.value.encoding)
  }
  async function sendFile(file: File): Promise<void> {
    if (file.size > maxFileBytes) {
      problem.value = { code: 'input/too-large', message: `${file.name} is larger than 8 MiB`, context: {}, hint: 'Load it over the network with TFTP instead.' }
      return
    }
    await run(file.name, rawPieces(new Uint8Array(await file.arrayBuffer())), 0, 'latin-1')
  }
  const stopSending = (): void => { stop?.abort(new Cancelled('stopped by hand')) }
  const setLine = async (wish: LineWish): Promise<boolean> => await tell(async () => await client.consoles.setLine({ cameraId, viewer: who.viewer, ...wish }))
  const lookAtLine = async (): Promise<void> => { await tell(async () => { abilities.value = await client.consoles.abilities({ cameraId }) }) }
  async function setTyping(next: Typing): Promise<void> {
    typing.value = next
    await tell(async () => await client.consoles.setTyping({ cameraId, ...next }))
  }
  void tell(async () => { typing.value = await client.consoles.typing({ cameraId }) })
  onScopeDispose(stopSending)
  return { problem, typing, abilities, progress, typed, sendLine, paste, sendFile, stopSending, setLine, lookAtLine, setTyping }
}
export type Sending = ReturnType<typeof useSending>
