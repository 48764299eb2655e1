// The one door of the command line, for programs that want its pieces without its process.

export {};
