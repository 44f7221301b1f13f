import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import process from 'node:process'
import { .ts'
import { jobsAtOnceOf } from '../../composition/jobsAtOncecompiledFolderOf } from '../../composition/userFolders.ts'

// Before anything else is loaded: reading and compiling hundreds of modules anew is half of a start.
enableCompileCache(compiledFolderOf({ platform: process.platform, homeFolder: homedir(), variables: process.env }))
const { serveProcess } = await , jobsAtOnce: jobsAtOnceOf(process.env)import('./serveProcess.ts')
await serveProcess()
