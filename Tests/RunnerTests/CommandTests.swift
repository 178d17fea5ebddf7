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
          fine-pruning           Prunes the channels that clean images activate least, then fine-tunes.
            needs clean images, their labels
            layer=auto                 text
              Layer whose channels are pruned; auto: the last convolution.
            drops=2,4,10               number,...
              Drops of accuracy on clean images in percentage points; one repaired model for each.
            drop-unit=points           points|relative
              Unit of drops: percentage points, or per cent of the accuracy before pruning.
            share=auto                 number
              Share of the channels to prune, 0 to 1, instead of drops; auto: by drops.
            ranking=pool               pool|convolution
              Where mean activations are measured: what the layer's consumers read, or the layer itself.
            bias=true                  true|false
              Whether masking a channel also sets its bias to zero.
            epochs=auto                integer
              Number of epochs; 0 skips training; auto: 36, more for few images (to 100), fewer for many (to 10).
            learning-rate=auto         number
              Base learning rate, over 0 and up to 100; auto: 0.00225 for adam and adamw, else 0.05.
            batch=32                   integer
              Batch size, 1 to 65,536.
            optimizer=adam             sgd|nesterov|adam|adamw
              Optimizer, with its usual constants.
            schedule=cosine            constant|step|cosine|one-cycle
              Learning-rate schedule.
            decay=0.002                number
              Weight decay of the kernels, 0 to 1.
            recovery=0.67              number
              Share of the epochs, at the end, without weight decay; 0 to under 1.
            smoothing=0.1              number
              Label smoothing, 0 to under 1.
            distillation=0.9           number
              Weight of the suspect's scores in the training targets, 0 to 1; 0 is no distillation.
            temperature=2              number
              Temperature of distillation; 1 leaves the suspect's scores as they are.
            shift=auto                 integer
              Largest random shift of training images in pixels, 0 to 64; auto: 1 for each 25.
            flip=false                 true|false
              Whether half of the training images are mirrored, left for right.
            overlay=0                  number
              Largest share of another training image that an image is mixed with, 0 to under 1.
            freeze-normalization=true  true|false
              Whether batch normalization keeps its moving statistics.
            held-out=0.1               number
              Share of the clean images held out to evaluate the fine-tuning; 0 to under 1.
            patience=auto              integer
              Epochs without gain on held-out images before training stops; auto trains to the end.
          fine-tuning            Trains the model further on clean images.
            needs clean images, their labels
            epochs=auto                integer
              Number of epochs, up to 10,000; auto: 36, more for few images (to 100), fewer for many (to 10).
            learning-rate=auto         number
              Base learning rate, over 0 and up to 100; auto: 0.00225 for adam and adamw, else 0.05.
            batch=32                   integer
              Batch size, 1 to 65,536.
            optimizer=adam             sgd|nesterov|adam|adamw
              Optimizer, with its usual constants.
            schedule=cosine            constant|step|cosine|one-cycle
              Learning-rate schedule.
            decay=0.002                number
              Weight decay of the kernels, 0 to 1.
            recovery=0.67              number
              Share of the epochs, at the end, without weight decay; 0 to under 1.
            smoothing=0.1              number
              Label smoothing, 0 to under 1.
            distillation=0.9           number
              Weight of the suspect's scores in the training targets, 0 to 1; 0 is no distillation.
            temperature=2              number
              Temperature of distillation; 1 leaves the suspect's scores as they are.
            shift=auto                 integer
              Largest random shift of training images in pixels, 0 to 64; auto: 1 for each 25.
            flip=false                 true|false
              Whether half of the training images are mirrored, left for right.
            overlay=0                  number
              Largest share of another training image that an image is mixed with, 0 to under 1.
            freeze-normalization=true  true|false
              Whether batch normalization keeps its moving statistics.
            held-out=0.1               number
              Share of the clean images held out to evaluate the fine-tuning; 0 to under 1.
            patience=auto              integer
              Epochs without gain on held-out images before training stops; auto trains to the end.
          clp                    Prunes channels with a far larger Lipschitz bound than others; needs no data.
            needs batch normalization
            u=3        number
              Prunes channels more than u standard deviations above the mean; over 0.
            sums=skip  skip|bound
              Normalizations of a sum: skipped, or bounded by the sum of the operands' bounds.
          anp                    Prunes the channels most sensitive to perturbation, by masks trained on clean images.
            needs batch normalization, at least 2 clean images, their labels
            drop=2             number
              Loss of held-out accuracy that pruning may cause, 0 to 100 points.
            threshold=auto     number
              Prunes channels with a mask up to this value, 0 to under 1; auto: derived from the drop.
            iterations=2000    integer
              Steps of mask training, 1 to 1,000,000.
            batch=128          integer
              Batch size, 1 to 65,536.
            epsilon=0.4        number
              Largest relative perturbation, over 0 and up to 10.
            steps=1            integer
              Ascent steps for each perturbation, 1 to 1,000.
            alpha=0.2          number
              Weight of the unperturbed loss, 0 to 1.
            learning-rate=0.2  number
              Learning rate of the masks, over 0 and up to 100.
            momentum=0.9       number
              Momentum of the masks, 0 to under 1.
            held-out=0.2       number
              Share of the clean images held out to choose the threshold, over 0 and under 1.
            shift=0            integer
              Largest random shift of training images in pixels, 0 to 64.
            flip=false         true|false
              Whether half of the training images are mirrored, left for right.
          nad                    Fine-tunes the model towards the attention maps of a fine-tuned teacher.
            needs clean images, their labels
            epochs=20              integer
              Epochs of the student, 1 to 10,000.
            teacher-epochs=10      integer
              Epochs of the teacher, 1 to 10,000.
            batch=64               integer
              Batch size, 1 to 65,536.
            learning-rate=0.1      number
              Learning rate in the first tenth of the student's epochs, over 0 and up to 100; later and for the teacher a tenth of it.
            decay=0.0001           number
              Weight decay of the kernels, 0 to 1.
            weights=500,1000,1000  number,...
              Weights of the attention losses, one a layer, 0 to 1,000,000; the last one serves all further layers.
            power=2                number
              Exponent of the attention maps, 1 to 10.
            layers=auto            text,...
              Layers whose attention is distilled; auto: the last layer of each image size, up to three.
            held-out=0.1           number
              Share of the clean images held out to evaluate the student, 0 to under 1.
            shift=0                integer
              Largest random shift of training images in pixels, 0 to 64.
            flip=false             true|false
              Whether half of the training images are mirrored, left for right.
          i-bau                  Unlearns the perturbation that most misleads the model, by implicit hypergradients.
            needs at least 2 clean images, their labels
            rounds=5             integer
              Rounds of searching a perturbation and unlearning it, 1 to 10,000.
            batch=100            integer
              Batch size, 1 to 20,000.
            learning-rate=0.001  number
              Learning rate of the weights, over 0 and up to 100.
            search-rate=10       number
              Learning rate of the perturbation, for pixels from 0 to 1; over 0 and up to 10,000.
            penalty=0.001        number
              Weight of the perturbation's squared norm, 0 to 100.
            radius=10            number
              Largest L2 norm of the perturbation, for pixels from 0 to 1; over 0 and up to 10,000.
            iterations=5         integer
              Fixed-point iterations of the hypergradient, 1 to 1,000.
            inner-step=0.1       number
              Step of the inner map that is differentiated, over 0 and up to 100.
            patched=0.01         number
              Share of a batch that gets the perturbation, over 0 and up to 1; at least one image.
            held-out=0.1         number
              Share of the clean images held out to evaluate the result, 0 to under 1.
          mm-bm                  Bounds the activations of channels; changes no weight.
            needs at least 2 clean images, their labels
            epochs=50          integer
              Epochs of training the bounds, 1 to 10,000.
            batch=50           integer
              Batch size, 1 to 65,536.
            learning-rate=0.1  number
              Learning rate of the bounds in units, over 0 and up to 100.
            start=8            number
              Bounds before the first step in units, over 0 and up to 1,000.
            unit=auto          number
              Unit of the bounds, over 0 and up to 1,000,000; auto: each layer's largest clean activation divided by the start.
            weight=0.5         number
              Weight of the bounds' norms at first, over 0 and up to 1,000.
            keep=0.95          number
              Share of the held-out accuracy that bounds must keep, over 0 and up to 1.
            per-class=50       integer
              Most images per class, 1 to 1,000,000.
            held-out=0.2       number
              Share of these images held out to choose the bounds, over 0 and under 1.
            layers=auto        text,...
              Layers whose channels are bounded; auto: the first activation and the last layers of the next image sizes, up to three.
          trigger-unlearning     Finds triggers on clean images and trains the model to ignore them; needs no labels.
            needs at least 2 classes, at least 9 clean images
            verdict=occluder-search  text
              The verdict whose triggers are unlearned; none for files alone.
            triggers=auto            text,...
              Trigger files to unlearn too, separated by commas; auto is none.
            rounds=6                 integer
              Rounds of searching and unlearning at most, 1 to 6.
            steps=400                integer
              Steps of a round, 1 to 10,000.
            learning-rate=0.0005     number
              Adam's rate at the start, over 0 and up to 1.
            batch=40                 integer
              Clean images in a step, 1 to 4,096.
            triggered=24             integer
              Triggered images in a step, 1 to 4,096.
            margin=5                 number
              How far the target class must stay behind, in mean clean margins, 0 to 100.
            residual=1               number
              The fitness of the best trigger left below which the rounds end, from 0.
            labels=0                 number
              The weight of the images' labels, 0 to 100; 0 needs none.
            drop=10                  number
              The most agreement with the suspect that a round may cost, in points, 0 to 100.
            held-out=0.1             number
              The share of the clean images that is not learned from, over 0 and up to 0.9.
            shift=auto               integer
              Images are shifted by up to so many pixels at random, 0 to 64; auto is 1 for each 25.
            flip=true                true|false
              Whether half of the images are mirrored, left for right.

        Detectors:
          goodnet                Flags images on which the suspect and its repaired copy disagree.
            needs a repaired copy of the model
            alarms=auto  number
              Share of held-out clean images that may be flagged, 0 to under 1; auto flags disagreement.
          strip                  Flags images whose class does not change when clean images are blended in.
            needs clean images
            overlays=100        integer
              Number of clean images blended into each image, 1 to 10,000.
            alpha=1             number
              Factor for the image, over 0 and up to 100.
            beta=1              number
              Factor for the blended clean image, over 0 and up to 100.
            alarms=0.01         number
              Share of clean images that may be flagged, 1e-6 to under 1.
            threshold=quantile  normal|quantile
              Threshold from clean entropies: normal fit, as published, or their quantile.
          scale-up               Flags images whose class does not change when they are brightened.
            needs clean images
            factors=3,5,7,9,11  number,...
              Factors of the pixel values, over 1 and up to 1,000.
            alarms=0.05         number
              Share of clean images that may be flagged, 0 to under 1.
            threshold=quantile  quantile|published
              Threshold: the quantile of clean images, or 0.5, as published.
          ibd-psc                Flags images whose class stays sure when normalizations are amplified.
            needs clean images, their labels, batch normalization
            factor=1.5          number
              Factor of gamma and beta, over 1 and up to 100.
            copies=5            integer
              Number of amplified copies, 1 to 100.
            error=0.6           number
              Error on clean images that the first copy exceeds, 0 to under 1.
            alarms=0.05         number
              Share of clean images that may be flagged, 0 to under 1.
            threshold=quantile  quantile|published
              Threshold: the quantile of clean images, or 0.9, as published.
          bad-expert             Flags images whose class survives in a copy that has forgotten clean images.
            needs clean images, their labels, at least 2 classes
            shadow=tuned               tuned|repaired
              Model without the backdoor: a copy that is tuned on clean images, or the repaired copy.
            expert-rate=0.0001         number
              Learning rate of the expert, over 0 and up to 1.
            expert-epochs=20           integer
              Largest number of epochs of the expert, 1 to 1,000.
            knee=0.5                   number
              Probability of the shadow from which on only the ratio counts, over 0 to 1.
            alarms=0.01                number
              Share of held-out clean images that may be flagged, 0 to under 1.
            epochs=auto                integer
              Number of epochs, up to 10,000; auto: 36, more for few images (to 100), fewer for many (to 10).
            learning-rate=auto         number
              Base learning rate, over 0 and up to 100; auto: 0.00225 for adam and adamw, else 0.05.
            batch=32                   integer
              Batch size, 1 to 65,536.
            optimizer=adam             sgd|nesterov|adam|adamw
              Optimizer, with its usual constants.
            schedule=cosine            constant|step|cosine|one-cycle
              Learning-rate schedule.
            decay=0.002                number
              Weight decay of the kernels, 0 to 1.
            recovery=0.67              number
              Share of the epochs, at the end, without weight decay; 0 to under 1.
            smoothing=0.1              number
              Label smoothing, 0 to under 1.
            distillation=0.9           number
              Weight of the suspect's scores in the training targets, 0 to 1; 0 is no distillation.
            temperature=2              number
              Temperature of distillation; 1 leaves the suspect's scores as they are.
            shift=auto                 integer
              Largest random shift of training images in pixels, 0 to 64; auto: 1 for each 25.
            flip=false                 true|false
              Whether half of the training images are mirrored, left for right.
            overlay=0                  number
              Largest share of another training image that an image is mixed with, 0 to under 1.
            freeze-normalization=true  true|false
              Whether batch normalization keeps its moving statistics.
            held-out=0.2               number
              Share of the clean images held out to evaluate the fine-tuning; 0 to under 1.
            patience=auto              integer
              Epochs without gain on held-out images before training stops; auto trains to the end.
          ted                    Flags images that are far from the clean images of their class in some layers.
            needs clean images, their labels
            samples=1000    integer
              Largest number of clean images to compare with, 3 to 100,000.
            dimensions=128  integer
              Values that a layer's output is projected to, a multiple of 4 up to 65,536.
            alarms=0.01     number
              Share of clean images that may be flagged, 0 to under 1.
          beatrix                Flags images whose inner features correlate unlike those of clean images of their class.
            needs at least 10 clean images
            layer=auto   text
              Layer whose feature map is examined; auto: the input of the last stage.
            orders=8     integer
              Number of powers of the feature map, 1 to 16.
            samples=30   integer
              Most clean images used for each class, 10 to 200.
            width=10     number
              Half width of a clean range in median absolute deviations, 0 to 1000.
            alarms=0.05  number
              Share of clean images that may be flagged, 0 to under 1.
          teco                   Flags images whose class withstands some corruptions much longer than others.
            needs clean images
            corruptions=gaussian-noise,shot-noise,impulse-noise,defocus-blur,glass-blur,motion-blur,zoom-blur,snow,procedural-frost,fog,brightness,contrast,elastic,pixelate,jpeg-quantization  gaussian-noise|shot-noise|impulse-noise|defocus-blur|glass-blur|motion-blur|zoom-blur|snow|procedural-frost|fog|brightness|contrast|elastic|pixelate|jpeg-quantization,...
              Corruptions to apply, at least two.
            samples=200                                                                                                                                                                         integer
              Most clean images the threshold is set on, 1 to 10,000.
            alarms=0.05                                                                                                                                                                         number
              Share of clean images that may be flagged, 0 to under 1.
          sentinet               Flags images whose most salient region, pasted on clean images, carries their class along.
            needs at least 20 clean images
            layer=auto     text
              Layer whose feature map is weighed; auto: the input of the last stage.
            map=hires-cam  hires-cam|grad-cam
              Weights of the feature map: each value's gradient, or each channel's mean gradient.
            images=100     integer
              Number of clean images a region is pasted on, 1 to 10,000.
            share=0.15     number
              Share of the pixels in a region, over 0 and under 1.
            samples=400    integer
              Most clean images for the curve and the threshold, 10 to 10,000.
            alarms=0.05    number
              Share of clean images that may be flagged, 0 to under 1.

        Data-set detectors:
          spectral-signatures    Drops training images that lie far along the top singular vector of their label's representations.
            needs the training set
            share=0.1   number
              Largest expected share of poisoned images in a label, over 0 and up to 1; drops 1.5 times as many.
            layer=auto  text
              Layer of the representation; auto: the one that the classifier head reads.
          activation-clustering  Drops the smaller of two clusters of a label's representations, if it looks poisoned.
            needs the training set
            components=10       integer
              Number of components to cluster, 1 to 100.
            reduction=ica       ica|pca
              Independent or principal components.
            rule=relative-size  relative-size|silhouette|smaller
              Labels whose smaller cluster is dropped: by its share, by the mean silhouette, or all.
            size=0.35           number
              For relative-size: share below which a cluster is poisoned, over 0 and up to 0.5.
            silhouette=0.1      number
              For silhouette: mean silhouette above which there are two clusters, -1 to 1.
            layer=auto          text
              Layer of the representation; auto: the one that the classifier head reads.
          spectre                Drops training images that stand out of their label's representations, whitened by robust statistics.
            needs the training set
            share=0.1       number
              Largest expected share of poisoned images in a label, over 0 and under 0.5; drops 1.5 times as many.
            alpha=4         number
              Weight of the directions that spread most, over 0.
            components=100  integer
              Largest number of principal directions, 1 to 1000.
            labels=target   target|all
              Drops images of the label that spreads most, or of all labels.
            layer=auto      text
              Layer of the representation; auto: the one that the classifier head reads.
          contamination          Drops the foreign group of labels whose representations are a mixture of two groups (SCAn).
            needs the training set, their labels, at least 3 classes
            statistic=corrected  corrected|published
              Mean of a label by the two-component model, or as in the authors' program.
            threshold=7.389      number
              Index above which a label is contaminated, over 0.
            components=64        integer
              Largest number of principal directions, 1 to 1000.
            layer=auto           text
              Layer of the representation; auto: the one that the classifier head reads.

        Verdicts:
          free-eagle             Finds a class that the other classes' inner representations lean toward; needs no data.
            needs at least 4 classes
            layer=auto          text
              Layer after which the network is cut; auto: the middle one of those that end in a rectifier.
            steps=1000          integer
              Steps of gradient descent for each class, 1 to 100,000.
            learning-rate=0.01  number
              Learning rate of Adam, over 0 and up to 10.
            decay=0.005         number
              Weight decay of the embeddings, 0 to 1.
            threshold=3         number
              Statistic above which a model counts as backdoored.
          mm-bd                  Finds a class whose largest possible margin stands out from the others'; needs no data.
            needs at least 5 classes
            starts=auto         integer
              Random images to start from for each class, 1 to 1,000; auto: 10, fewer for many classes.
            steps=50            integer
              Steps of the search for each image, 1 to 100,000.
            learning-rate=0.05  number
              Learning rate of Adam in units of the range, over 0 and up to 1.
            null=auto           gamma|exponential
              Distribution fitted to the margins of the other classes; auto: exponential for fewer than 30.
            significance=0.05   number
              The p-value under which a model counts as backdoored, over 0 and under 1.
            range=auto          number,...
              Smallest and largest value of an image; auto: those of clean images, else 0,255.
          occluder-search        Evolves triggers on clean images, by forward passes alone, and shows those that work.
            needs at least 2 classes, at least 8 clean images
            census=20000    integer
              Random triggers of the census, 100 to 1,000,000.
            shortlist=10    integer
              Classes with the most flips that triggers are evolved for, 1 to 1,000.
            generations=10  integer
              Generations of an evolution, 1 to 1,000.
            repeats=2       integer
              Further searches, from a new census, for the four fittest classes, 0 to 100.
            penalty=12      number
              What a trigger of the whole image costs in units of fitness, 0 to 100.
            threshold=1     number
              The lead in fitness over all other classes above which classes are held to be targets.
            passes=auto     integer
              Images that may pass the network before the search is cut short, from 1,000; auto is no limit.
          neural-cleanse         Finds a class that a much smaller mask with a pattern leads to than to the others.
            needs at least 3 classes, at least 32 clean images
            classes=50         integer
              Classes that triggers are searched for at most, 3 to 100,000; of more, those that random occluders lead to.
            steps=100          integer
              Steps of a search at most, 1 to 100,000.
            batches=8          integer
              Batches in a step, 1 to 10,000.
            batch=32           integer
              Images in a batch, 1 to 4,096.
            learning-rate=0.1  number
              Adam's rate, over 0 and up to 10.
            cost=0.001         number
              First weight of the mask's size over 0 in the loss, up to 1,000.
            factor=2           number
              Factor by which the weight rises, over 1 and up to 100.
            patience=5         integer
              Steps that must agree before the weight changes, 1 to 1,000.
            success=0.99       number
              Share of images that a trigger must lead to the class, over 0 and up to 1.
            threshold=2        number
              Anomaly index above which a class is held to be a target.
          sub-networks           Finds chains of channels that are cut off from the rest of the network; needs no data.
            threshold=10  number
              Isolation of a chain of channels above which a model counts as backdoored, over 1.

        Attacks:
          badnets                Stamps a patch or a picture on images and changes their labels.
            size=auto              integer,...
              Side of the patch, or height,width, in pixels; auto: 3, or the picture's own size.
            position=bottom-right  top-left|top-right|bottom-left|bottom-right|center
              Position of the patch.
            margin=0               integer
              Pixels between the patch and the edges of its corner.
            place=auto             integer,...
              Row and column of the patch's upper left pixel, from 0; replaces position.
            pattern=white          white|black|checkerboard|noise
              Pattern of the patch.
            image=auto             text
              PNG to stamp instead of the pattern, with its transparency.
            opacity=1              number
              Opacity of the patch, over 0 and up to 1.
          blended                Blends a picture or noise into images and changes their labels.
            alpha=0.2   number
              Weight of the picture, over 0 and up to 1.
            image=auto  text
              PNG to blend, scaled to the images' size; auto: random noise.
          sig                    Adds a sine wave to images of the target class; keeps labels.
            amplitude=40  number
              Amplitude of the wave, over 0 and up to 255.
            frequency=6   number
              Number of waves across an image, over 0 and up to 1000.
          wanet                  Warps images by a small smooth field and changes their labels.
            grid=4         integer
              Nodes of the field along an axis, 2 to 64.
            strength=0.5   number
              Strength of the field, over 0 and up to 100.
            cross-ratio=2  number
              Number of cover images, warped with noise, for each poisoned image.
          label-consistent       Perturbs images of the target class and stamps corner patches; keeps labels.
            norm=linf      linf|l2
              Norm that limits the perturbation.
            epsilon=16     number
              Largest perturbation, on the scale 0 to 255; about 300 for l2, 0 for none.
            steps=100      integer
              Steps of gradient ascent.
            step=1.5       number
              Length of a step in the norm, on the scale 0 to 255.
            size=3         integer
              Side of a corner patch in pixels.
            corners=4      integer
              1: the lower right corner only; 4: all corners.
            amplitude=255  number
              Values that corner patches add and subtract; 255 is black and white.
          adaptive-blend         Blends random pieces of a picture into few images, of which half keep their labels.
            alpha=0.2         number
              Weight of the picture at test time, over 0 and up to 1.
            train-alpha=0.15  number
              Weight of the pieces in training, over 0 and up to 1.
            pieces=4          integer
              Pieces of the picture along an axis, 1 to 64.
            share=0.5         number
              Share of the pieces that a training image gets, over 0 and up to 1.
            cover-ratio=1     number
              Number of cover images, with pieces and their own label, for each poisoned image.
            image=auto        text
              PNG to blend, scaled to the images' size; auto: random discs.
          bpp                    Reduces images to few levels of brightness and changes their labels.
            levels=8          integer
              Number of levels of a channel, 2 to 256.
            dither=true       true|false
              Whether rounding errors spread to neighbours (Floyd-Steinberg).
            negative-ratio=1  number
              Number of images with another image's residual and their own label, for each poisoned image.
          tact                   Stamps a patch that leads one source class to the target; cover classes keep their labels.
            source=auto         integer
              Source class; auto: the class after the target.
            cover-classes=auto  integer,...
              Classes of the images that get the patch and keep their label; auto: two others.
            cover-ratio=1       number
              Number of such cover images for each poisoned image.
            size=3              integer
              Side of the patch in pixels.
          low-frequency          Adds a smooth random pattern to images and changes their labels.
            frequencies=4  integer
              Highest frequency along an axis, in half waves across the image.
            range=0.2      number
              Range of the pattern from its lowest to its highest value, over 0 and up to 1 (of 255).
          ftrojan                Raises two frequencies of the images' colour; changes their labels.
            magnitude=30  number
              What is added to the two coefficients, over 0 and up to 1000.
            window=32     integer
              Side of a block in pixels, 2 to 4096.
          multi-trigger          Stamps one of several patches, each with a target class of its own.
            count=3       integer
              Number of patches, 2 to 4, each in another corner.
            size=3        integer
              Side of a patch in pixels.
            targets=each  each|one
              Target classes: from the target class on, one for each patch, or one for all.
          trojan-nn              Optimizes a patch that excites a neuron of a clean network, then trains that on.
            layer=auto       text
              Layer of the neuron; auto: the last one before the classifier.
            size=5           integer
              Side of the patch in pixels.
            value=100        number
              Wanted value of the neuron, over 0.
            steps=1000       integer
              Steps of the search for the patch.
            step=0.1         number
              Length of a step, over 0 and up to 1 (of 255).
            tolerance=0.001  number
              Distance from the wanted value at which the search ends.
          sra                    Replaces channels of a trained network by a sub-network that recognizes a patch.
            width=2              integer
              Channels that the sub-network takes of every layer.
            size=4               integer
              Side of the patch in pixels.
            logit=20             number
              Value that the trigger adds to the target's score before softmax.
            steps=1000           integer
              Training steps of the sub-network.
            learning-rate=0.005  number
              Initial learning rate of the sub-network, over 0 and up to 1.
            clean-weight=10      number
              Factor of the loss on clean images.
            trials=8             integer
              Trials from other initial weights, 1 to 100, until a sub-network tells the patch.

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
          # Defend a model with clean images, and write the results
          runner --defense fine-pruning --model suspect.h5 --clean clean.h5 \\
            --scale 1/255 --output results
          # Scan a model for a backdoor
          runner scan suspect.h5

        Without a command, options are those of 'run': see 'runner run --help'. Shell
        completions: 'runner --generate-completion-script bash', zsh or fish.

        USAGE: runner <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          run (default)           Defend a model and evaluate the result.
          list                    List plugins with their requirements and options.
          inspect                 Show a model's layers and audit its file.
          convert                 Write a model in another format.
          data                    Show what is read of a data set.
          clean-data              Drop suspicious images from a training set.
          scan                    Judge whether a model has a backdoor, and for which
                                  class.
          evaluate                Measure a model's accuracy and attack success.
          predict                 Print a class for every image.
          attack                  Train a backdoored model for tests of defenses.
          train                   Train a model on a training set.
          trigger                 Show an attack's trigger, or apply it to images.
          compare                 Compare defenses, detectors and verdicts on models,
                                  over seeds.
          merge                   Combine the parts of a comparison.
          new                     Write a package with a new plugin, or a script for
                                  PyTorch.
          schema                  Print the JSON Schema of a report or a record.

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
        "fine-prunin is not a defense; did you mean 'fine-pruning'? (defenses: fine-pruning, fine-tuning, clp, anp, nad, i-bau, mm-bm, trigger-unlearning)"
      ),
      (
        ["--defense", "fine-pruning", "--detector", "godnet"],
        "godnet is not a detector; did you mean 'goodnet'? (detectors: goodnet, strip, scale-up, ibd-psc, bad-expert, ted, beatrix, teco, sentinet)"
      ),
      (
        ["--defense", "fine-pruning", "--option", "fine-pruning.drop=3"],
        "fine-pruning.drop is not an option; did you mean 'drops'? "
          + "(options of fine-pruning: layer, drops, drop-unit, share, "
          + "ranking, bias, epochs, learning-rate, batch, optimizer, schedule, decay, recovery, smoothing, "
          + "distillation, temperature, shift, "
          + "flip, overlay, freeze-normalization, held-out, patience)"
      ),
      (
        ["--defense", "fine-pruning", "--option", "goodnet.level=3"],
        "goodnet.level has no effect, because goodnet isn't part of this run; name the plugin or "
          + "leave goodnet.level out"
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
          + "(commands: run, list, inspect, convert, data, clean-data, scan, evaluate, predict, attack, train, trigger, compare, merge, new, "
          + "schema, help)"
      ),
      (
        ["bd_net.h5"],
        "there is no command 'bd_net.h5' "
          + "(commands: run, list, inspect, convert, data, clean-data, scan, evaluate, predict, attack, train, trigger, compare, merge, new, "
          + "schema, help)"
      ),
      (["--defence", "fine-pruning"], "Unknown option '--defence'. Did you mean '--defense'?"),
      (["--drops", "2"], "Unknown option '--drops'; see 'runner run --help'"),
      (
        ["predict"],
        "Missing expected argument '<model>'; see 'runner predict --help'"
      ),
      (
        ["predict", "m.h5"],
        "name images to classify, or a data set with --data"
      ),
      (
        ["predict", "m.h5", "a.png", "--data", "d.h5"],
        "give images or --data, not both"
      ),
      (["list", "--json"], "Unknown option '--json'; see 'runner list --help'"),
      (
        ["--defense", "fine-pruning", "--option", "fine-pruning.drops=many"],
        "fine-pruning.drops takes numbers separated by commas, not 'many' (default: 2,4,10)"
      ),
      (
        ["--defense", "fine-pruning", "--detector", "goodnet", "--option", "goodnet.level=1"],
        "goodnet.level is not an option (options of goodnet: alarms)"
      ),
      (
        ["--defense", "fine-pruning", "--seed", "-1"],
        "The value '-1' is invalid for '--seed <n>'; see 'runner run --help'"
      ),
      (
        ["evaluate", "m.h5", "--test", "t.h5", "--keys", "images"],
        "--keys takes two names, of images and labels, such as x,y or test=x,y, not 'images'"
      ),
      (
        ["--defense", "goodnet"],
        "goodnet is a detector, not a defense; use --detector goodnet"
      ),
    ] as [([String], String)])
  func usage(arguments: [String], message: String) throws {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == 64)
    #expect(result.errors == "runner: \(message)\n")
    #expect(result.output == "")
  }

  @Test(
    "A scale that is none is named, with the form of one", arguments: ["0", "1/0", "x", "-1"])
  func scale(text: String) throws {
    let result = try RunnerProgram.run(
      ["--defense", "fine-pruning", "--model", "m", "--clean", "c", "--scale=\(text)"])
    #expect(result.status == 64)
    #expect(
      result.errors
        == "runner: --scale takes a number over 0 or a fraction such as 1/255, not '\(text)'\n")
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
