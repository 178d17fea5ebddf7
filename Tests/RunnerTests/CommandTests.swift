import Foundation
import Testing

@Suite("The program, whole")
struct CommandTests {
  @Test("list")
  func list() throws {
    let result = try RunnerProgram.run(["list"])
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.output == """
        Defenses:
          fine-pruning         Prunes the channels that clean images activate least, then fine-tunes.
            needs clean images
            layer=auto                 text
              The layer whose channels are pruned; auto is the last convolution.
            drops=2,4,10               number,...
              Drops of validation accuracy in percentage points; one repaired model for each.
            drop-unit=points           points|relative
              Drops are percentage points, or per cent of the accuracy before.
            share=auto                 number
              The share of the channels to prune, 0 to 1, instead of going by drops; auto is by drops.
            ranking=pool               pool|convolution
              Mean activations are taken at what the layer's consumers read, or at the layer.
            bias=true                  true|false
              Whether a pruned channel's bias goes to zero with its kernel.
            epochs=auto                integer
              How often every image is learned, 0: never; auto: 36, to 100 for few images, to 10 for many.
            learning-rate=auto         number
              The base rate, over 0 and up to 100; auto is 0.00225 for adam and adamw, else 0.05.
            batch=32                   integer
              Images in a step, 1 to 65,536.
            optimizer=adam             sgd|nesterov|adam|adamw
              The optimizer, with its usual constants.
            schedule=cosine            constant|step|cosine|one-cycle
              The course of the learning rate.
            decay=0.002                number
              Weight decay of the kernels, 0 to 1.
            recovery=0.67              number
              The share of the epochs, the last ones, that go without decay; 0 to under 1.
            smoothing=0.1              number
              Label smoothing, 0 to under 1.
            distillation=0.9           number
              The share of the suspect's scores in what is learned of an image, 0 to 1.
            temperature=2              number
              How much these scores are evened out; 1 is not at all.
            shift=auto                 integer
              Images are shifted by up to so many pixels at random, 0 to 64; auto is 1 for each 25.
            flip=false                 true|false
              Whether half of the images are mirrored, left for right.
            freeze-normalization=true  true|false
              Whether batch normalization keeps its statistics.
            held-out=0.1               number
              The share of the clean images that is not learned but judges the tuning; 0 to under 1.
            patience=auto              integer
              Tuning ends after so many epochs without gain on held-out images; auto goes on to the end.
          fine-tuning          Trains the model further on clean images.
            needs clean images
            epochs=auto                integer
              How often every image is learned, up to 10,000; auto: 36, to 100 for few images, to 10 for many.
            learning-rate=auto         number
              The base rate, over 0 and up to 100; auto is 0.00225 for adam and adamw, else 0.05.
            batch=32                   integer
              Images in a step, 1 to 65,536.
            optimizer=adam             sgd|nesterov|adam|adamw
              The optimizer, with its usual constants.
            schedule=cosine            constant|step|cosine|one-cycle
              The course of the learning rate.
            decay=0.002                number
              Weight decay of the kernels, 0 to 1.
            recovery=0.67              number
              The share of the epochs, the last ones, that go without decay; 0 to under 1.
            smoothing=0.1              number
              Label smoothing, 0 to under 1.
            distillation=0.9           number
              The share of the suspect's scores in what is learned of an image, 0 to 1.
            temperature=2              number
              How much these scores are evened out; 1 is not at all.
            shift=auto                 integer
              Images are shifted by up to so many pixels at random, 0 to 64; auto is 1 for each 25.
            flip=false                 true|false
              Whether half of the images are mirrored, left for right.
            freeze-normalization=true  true|false
              Whether batch normalization keeps its statistics.
            held-out=0.1               number
              The share of the clean images that is not learned but judges the tuning; 0 to under 1.
            patience=auto              integer
              Tuning ends after so many epochs without gain on held-out images; auto goes on to the end.
          clp                  Prunes channels whose weights answer far more strongly than others; needs no data.
            needs batch normalization
            u=3        number
              Channels more than u standard deviations over the mean are pruned; over 0.
            sums=skip  skip|bound
              Normalizations of a sum are skipped, or bounded by adding the operands' bounds.
          anp                  Prunes channels that are the most sensitive to perturbation, by masks learned from clean images.
            needs batch normalization, clean images, at least 2 clean images
            drop=2             number
              The drop of held-out accuracy that pruning may cost, 0 to 100 points.
            threshold=auto     number
              Channels with a mask up to it are pruned, 0 to under 1; auto goes by the drop.
            iterations=2000    integer
              Steps that the masks learn, 1 to 1,000,000.
            batch=128          integer
              Images in a step, 1 to 65,536.
            epsilon=0.4        number
              The largest relative perturbation, over 0 and up to 10.
            steps=1            integer
              Steps of ascent for each perturbation, 1 to 1,000.
            alpha=0.2          number
              The share of the unperturbed loss, 0 to 1.
            learning-rate=0.2  number
              The masks' rate, over 0 and up to 100.
            momentum=0.9       number
              The masks' momentum, 0 to under 1.
            held-out=0.2       number
              The share of the clean images that the threshold is chosen by, over 0 and under 1.
            shift=0            integer
              Images are shifted by up to so many pixels at random, 0 to 64.
            flip=false         true|false
              Whether half of the images are mirrored, left for right.

        Detectors:
          goodnet              Flags images on which the suspect and its repaired copy disagree.
            needs a repaired copy of the model
          strip                Flags images whose class stays the same whatever is blended into them.
            needs clean images
            overlays=100        integer
              How many clean images each image is blended with, 1 to 10,000.
            alpha=1             number
              The factor for the image, over 0 and up to 100.
            beta=1              number
              The factor for the clean image on it, over 0 and up to 100.
            alarms=0.01         number
              The share of clean images that may be flagged, 1e-6 to under 1.
            threshold=quantile  normal|quantile
              Clean entropies are taken as normally distributed, as published, or as they are.

        Data-set detectors:
          spectral-signatures  Drops training images whose representations lie far along the top singular vector of their label.
            needs the training set
            share=0.1   number
              The largest share of poisoned images that a label is thought to hold, over 0 and up to 1; 1.5 times as many are dropped.
            layer=auto  text
              The layer whose values are the representation; auto is the one that the classifier reads.

        Verdicts:
          free-eagle           Looks for a class toward which the other classes' inner representations lean; needs no data.
            needs at least 4 classes
            layer=auto          text
              The layer behind which the network is cut; auto is the middle one that ends in a rectifier.
            steps=1000          integer
              Steps of descent for each class, 1 to 100,000.
            learning-rate=0.01  number
              Adam's rate, over 0 and up to 10.
            decay=0.005         number
              Weight decay of the embeddings, 0 to 1.
            threshold=2         number
              The statistic over which a model counts as backdoored.

        Attacks:
          badnets              Stamps a patch or a picture on images and changes their labels.
            size=auto              integer,...
              The patch's side, or height,width, in pixels; auto is 3, or the picture's own size.
            position=bottom-right  top-left|top-right|bottom-left|bottom-right|center
              Where the patch is.
            margin=0               integer
              Pixels between the patch and the edges of its corner.
            place=auto             integer,...
              Row and column of its upper left pixel, from 0, instead of position.
            pattern=white          white|black|checkerboard|noise
              What is on the patch.
            image=auto             text
              A PNG to put on instead of the pattern, with its transparency.
            opacity=1              number
              The patch's opacity, over 0 and up to 1.
          blended              Blends a picture or noise into images and changes their labels.
            alpha=0.2   number
              The share of the picture, over 0 and up to 1.
            image=auto  text
              A PNG, which is scaled to the images' size; auto is random noise.
          sig                  Adds a sine wave to images of the target class; labels stay right.
            amplitude=40  number
              The wave's height, over 0 and up to 255.
            frequency=6   number
              Waves across an image, over 0 and up to 1000.
          wanet                Warps images by a small smooth field and changes their labels.
            grid=4         integer
              Nodes of the field along an axis, 2 to 64.
            strength=0.5   number
              The factor for the field, over 0 and up to 100.
            cross-ratio=2  number
              Images warped with noise that keep their labels, for each that is poisoned.
          label-consistent     Makes the target class's images hard and stamps corners; labels stay right.
            norm=linf      linf|l2
              How the disturbance is measured.
            epsilon=16     number
              The largest disturbance, of 255; about 300 for l2, 0 for none.
            steps=100      integer
              Steps of the gradient ascent.
            step=1.5       number
              The length of a step in the norm, of 255.
            size=3         integer
              The side of a stamped corner in pixels.
            corners=4      integer
              1: the lower right corner alone; 4: all.
            amplitude=255  number
              What corners add and subtract; 255 is black and white.

        """)
  }

  @Test("--help")
  func help() throws {
    let result = try RunnerProgram.run(["--help"])
    #expect(result.status == 0)
    #expect(
      result.output == """
        OVERVIEW: Defends neural-network classifiers against backdoors.

        EXAMPLES:
          # Defend the small backdoored network that comes with the program
          runner --defense fine-pruning --detector goodnet
          # Defend a model with clean images, and keep what comes of it
          runner --defense fine-pruning --model suspect.h5 --clean clean.h5 \\
            --scale 1/255 --output results
          # Ask whether a model is backdoored
          runner scan suspect.h5

        Options without a command are those of 'run': see 'runner run --help'.
        Completions for a shell: 'runner --generate-completion-script bash', zsh or
        fish.

        USAGE: runner <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          run (default)           Defend a model and judge the outcome.
          list                    List all plugins with what they need and their
                                  options.
          inspect                 Show a model's layers and what is suspicious about
                                  its file.
          scan                    Say whether a model hides a backdoor, and for which
                                  class.
          evaluate                Measure a model's accuracy and attack success.
          predict                 Print a class for every image.
          attack                  Train a backdoored model to test defenses against.
          trigger                 Show an attack's trigger, or apply it to images.
          compare                 Compare defenses, detectors and verdicts on models,
                                  over seeds.
          merge                   Put the parts of a comparison together.
          new                     Write a package with a new plugin.

          See 'runner help <subcommand>' for detailed help.

        """)
    #expect(
      try RunnerProgram.run(["run", "--help"]).output.contains("--option <plugin.name=value>"))
  }

  @Test(
    "Wrong usage ends with status 64 and one line",
    arguments: [
      ([], "name a defense with --defense, such as --defense fine-pruning"),
      (
        ["--defense", "fine-prunin"],
        "there is no defense 'fine-prunin'; did you mean 'fine-pruning'? (defenses: fine-pruning, fine-tuning, clp, anp)"
      ),
      (
        ["--defense", "fine-pruning", "--detector", "godnet"],
        "there is no detector 'godnet'; did you mean 'goodnet'? (detectors: goodnet, strip)"
      ),
      (
        ["--defense", "fine-pruning", "--option", "fine-pruning.drop=3"],
        "fine-pruning has no option 'drop'; did you mean 'drops'? "
          + "(its options: layer, drops, drop-unit, share, "
          + "ranking, bias, epochs, learning-rate, batch, optimizer, schedule, decay, recovery, smoothing, "
          + "distillation, temperature, shift, "
          + "flip, freeze-normalization, held-out, patience)"
      ),
      (
        ["--defense", "fine-pruning", "--option", "goodnet.level=3"],
        "--option goodnet.level has no effect, as goodnet isn't part of this run; name it or drop "
          + "the option"
      ),
      (
        ["--defense", "fine-pruning", "--modle", "x"],
        "Unknown option '--modle'. Did you mean '--model'?"
      ),
      (
        ["--defense", "fine-pruning", "--model", "x"],
        "--model needs --clean, the clean images that fine-pruning works with"
      ),
      (
        ["--defense", "fine-pruning", "--clean", "x"],
        "--clean needs --model; without it the built-in network is used"
      ),
      (["--defense", "fine-pruning", "--force"], "--force needs --output"),
      (["--defense", "fine-pruning", "--output", ""], "--output is empty; name a folder"),
      (
        ["--defense", "fine-pruning", "--threads", "0"],
        "--threads takes a number from 1 to 1024, not 0"
      ),
      (
        ["predict", "m.h5", "--data", "d.h5", "--detector", "goodnet"],
        "--detector goodnet needs --repaired, a repaired copy to compare the model with"
      ),
      (["evaluate", "m.h5"], "give --test, --poisoned or both"),
      (
        ["insepct", "m.h5"],
        "there is no command 'insepct'; did you mean 'inspect'? "
          + "(commands: run, list, inspect, scan, evaluate, predict, attack, trigger, compare, merge, new, "
          + "help)"
      ),
      (
        ["bd_net.h5"],
        "there is no command 'bd_net.h5' "
          + "(commands: run, list, inspect, scan, evaluate, predict, attack, trigger, compare, merge, new, "
          + "help)"
      ),
      (["--defence", "fine-pruning"], "Unknown option '--defence'. Did you mean '--defense'?"),
      (["--drops", "2"], "Unknown option '--drops'; see 'runner run --help'"),
      (
        ["predict"],
        "Missing expected argument '<model>'; see 'runner predict --help'"
      ),
      (
        ["predict", "m.h5"],
        "name PNG files to classify, or a data set with --data"
      ),
      (
        ["predict", "m.h5", "a.png", "--data", "d.h5"],
        "give PNG files or --data, not both"
      ),
      (["list", "--json"], "Unknown option '--json'; see 'runner list --help'"),
      (
        ["--defense", "fine-pruning", "--option", "fine-pruning.drops=many"],
        "'many' isn't a value of fine-pruning.drops, which takes number,... (default: 2,4,10)"
      ),
      (
        ["--defense", "fine-pruning", "--detector", "goodnet", "--option", "goodnet.level=1"],
        "goodnet has no option 'level' (its options: none)"
      ),
      (
        ["--defense", "fine-pruning", "--seed", "-1"],
        "The value '-1' is invalid for '--seed <n>'; see 'runner run --help'"
      ),
      (
        ["--defense", "goodnet"],
        "'goodnet' is a detector, not a defense; use --detector goodnet"
      ),
    ] as [([String], String)])
  func usage(arguments: [String], message: String) throws {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == 64)
    #expect(result.errors == "runner: \(message)\n")
    #expect(result.output == "")
  }

  @Test(
    "A scale that is none ends with status 64 and one line", arguments: ["0", "1/0", "x", "-1"])
  func scale(text: String) throws {
    let result = try RunnerProgram.run(
      ["--defense", "fine-pruning", "--model", "m", "--clean", "c", "--scale=\(text)"])
    #expect(result.status == 64)
    #expect(result.errors.contains("'\(text)'") && result.errors.contains("--scale"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("A missing file ends with status 66 and leaves no output folder")
  func missing() throws {
    let folder = try TemporaryFolder()
    let result = try RunnerProgram.run([
      "--defense", "fine-pruning", "--model", "\(folder.path)/no.h5", "--clean", "c.h5",
      "--output", "\(folder.path)/out",
    ])
    #expect(result.status == 66)
    #expect(result.errors.contains("no.h5"))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(try folder.names == [])
  }

  @Test("A file that isn't a model ends with status 65")
  func notAModel() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/text.h5"
    try Data("version https://git-lfs.github.com/spec/v1\n".utf8).write(
      to: URL(fileURLWithPath: file))
    let result = try RunnerProgram.run(["inspect", file])
    #expect(result.status == 65)
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("An output folder that cannot be used ends with status 73 before anything is read")
  func badOutput() throws {
    let folder = try TemporaryFolder()
    let base = ["--defense", "fine-pruning", "--model", "no.h5", "--clean", "c.h5", "--output"]
    let missing = try RunnerProgram.run(base + ["\(folder.path)/a/b"])
    #expect(missing.status == 73)
    #expect(missing.errors.contains("create it first"))
    let out = "\(folder.path)/out"
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(out)/notes.txt"))
    for extra in [[], ["--force"]] {
      let foreign = try RunnerProgram.run(base + [out] + extra)
      #expect(foreign.status == 73)
      #expect(foreign.errors.contains("holds 'notes.txt'"))
    }
    #expect(FileManager.default.fileExists(atPath: "\(out)/notes.txt"))
  }

  @Test("Output to a full disk ends with status 74, not with success")
  func fullDisk() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else {
      print("skipped: this system has no /dev/full")
      return
    }
    let result = try RunnerProgram.run(["list"], output: "/dev/full")
    #expect(result.status == 74)
    #expect(result.errors.contains("standard output cannot be written"))
  }

  @Test("A reader that has gone away is no reason for a message")
  func closedPipe() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [
      "-c", "set -o pipefail; { sleep 0.3; \"$0\" list; } | true", try RunnerProgram.path().path,
    ]
    let pipe = Pipe()
    process.standardError = pipe
    try process.run()
    let errors = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 141)
    #expect(errors.isEmpty)
  }
}
