import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import process from 'node:process'
import { compiledFolderOf } from '../../composition/compiledFolder.mjs'
import { programFolder } from '../../composition/programFolder.ts'

// Before anything else is loaded: reading and compiling hundreds of modules anew is half of a start.
enableCompileCache(compiledFolderOf({ platform: process.platform, homeFolder: homedir(), variables: process.env }))
const { serveProcess } = await import('./serveProcess.ts')
await serveProcess(programFolder(import.meta.dirname))
