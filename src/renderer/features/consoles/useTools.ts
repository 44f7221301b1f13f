import { onMounted, shallowRef } from 'vue'
import { type ConsoleTools, usualTools } from '../../../shared/consoles/consoleTools.schema.ts'
import type { WireError } from '../../../shared/errors/workbenchError.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'
import { tellInto } from './tellInto.ts'

/** Rules, macros and scripts as the workbench keeps them; read anew each time they are opened. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- refs, as Vue infers them
export function useTools() {
  const { client } = useWorkbench()
  const tools = shallowRef<ConsoleTools>(usualTools)
  const notes = shallowRef<readonly string[]>([])
  const known = shallowRef(false)
  const problem = shallowRef<WireError>()
  const tell = tellInto(problem)
  const read = async (): Promise<void> => {
    const told = await client.consoles.tools({})
    tools.value = told.tools
    notes.value = told.notes
    known.value = true
  }
  const save = async (change: Partial<Omit<ConsoleTools, 'version'>>): Promise<boolean> => await tell(async () => { await client.consoles.saveTools(change); await read() })
  onMounted(() => { void tell(read) })
  return { tools, notes, known, problem, save, tell }
}
